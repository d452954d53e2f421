// On the page that says the desk is away: asks every few seconds whether it is back, and loads the page when it is.
// Only where the page was asked for by a link; what was sent by a form is the person's to send again.
if (document.querySelector("[data-failed] [data-reload]")) {
  const ask = async () => {
    const answer = await fetch("/readyz", { cache: "no-store" }).catch(() => null)
    if (answer?.ok) location.assign(location.href)
    else setTimeout(ask, 5000)
  }
  setTimeout(ask, 5000)
}
