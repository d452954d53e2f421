// Keeps "3 minutes ago" true: the words of each time[data-relative] anew every minute, by the server's own rule.
const UNITS = [["year", 31_536_000], ["month", 2_592_000], ["week", 604_800], ["day", 86_400], ["hour", 3600], ["minute", 60], ["second", 1]]
const say = new Intl.RelativeTimeFormat(document.documentElement.lang || "en", { numeric: "always" })

function words(seconds) {
  const [unit, size] = UNITS.find(([, size]) => Math.abs(seconds) / size >= 0.95) ?? UNITS.at(-1)
  return say.format(Math.sign(seconds) * Math.max(1, Math.round(Math.abs(seconds) / size)), unit)
}

setInterval(() => {
  for (const time of document.querySelectorAll("time[data-relative]")) {
    const seconds = (new Date(time.dateTime) - Date.now()) / 1000
    if (Math.abs(seconds) < 7 * 86_400) time.textContent = words(seconds || -1)
  }
}, 60_000)
