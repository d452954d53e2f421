// A file that is not settled or not sent yet asks what has become of it, by itself and without keeping anybody logged in:
// on news (live.js), and before it is settled every few seconds. Nothing comes back while it is what it was; a file that
// is gone takes its row along.
import { sayAloud, takeAway } from "./kit/file-rows.js"

const EVERY = 4000

setInterval(() => {
  if (document.visibilityState !== "visible") return
  for (const row of document.querySelectorAll("[data-asks]")) row.dispatchEvent(new CustomEvent("news"))
}, EVERY)

document.addEventListener("htmx:beforeOnLoad", (event) => {
  const { elt, xhr } = event.detail
  if (xhr.status !== 404 || !elt.matches(".file[data-topic]")) return
  event.preventDefault()
  takeAway(elt)
})

document.addEventListener("htmx:load", ({ detail: { elt } }) => elt.matches("[data-file-rows] > .file") && sayAloud(elt))
