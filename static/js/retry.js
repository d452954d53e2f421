// The page that says the desk is away asks every few seconds whether it is back, and then loads what was wanted.
if (document.querySelector("[data-failed] [data-reload]")) {
  const ask = async () => {
    const answer = await fetch("/readyz", { cache: "no-store" }).catch(() => null)
    if (answer?.ok) location.reload()
    else setTimeout(ask, 5000)
  }
  setTimeout(ask, 5000)
}
