// Messages leave after ten seconds unless looked at, or at [data-dismiss]; errors stay. The server sends them with
// the page, or as the HX-Trigger event `toast` {"message", "kind"}; they are put in anew so that they are announced.
import { fromTemplate } from "./kit/templates.js"

const region = () => document.getElementById("toasts")

function stay(toast) {
  if (toast.matches(".is-error, .is-critical") || toast.dataset.timed) return
  toast.dataset.timed = "yes"
  const leave = () => (toast.matches(":hover, :focus-within") ? setTimeout(leave, 2000) : toast.remove())
  setTimeout(leave, 10_000)
}

document.addEventListener("toast", ({ detail }) => {
  const toast = fromTemplate("toast")
  toast.className = `toast is-${detail.kind ?? "success"}`
  toast.querySelector("[data-words]").textContent = detail.message
  region().append(toast)
  stay(toast)
})

document.addEventListener("click", (event) => {
  if (event.target.closest("#toasts [data-dismiss]")) event.target.closest(".toast").remove()
})

const came = [...(region()?.children ?? [])]
region()?.replaceChildren()
setTimeout(() => {
  region()?.append(...came)
  for (const toast of region()?.querySelectorAll(".toast") ?? []) stay(toast)
}, 100)
document.addEventListener("htmx:oobAfterSwap", () => {
  for (const toast of region().querySelectorAll(".toast")) stay(toast)
})
