// Lets a form[data-files] go once its files are there: it waits for those on their way, and is held back, with words, by
// one that did not get through, so that nothing is lost without a word.
import { isUnderWay, isUnsent } from "./kit/file-rows.js"
import { uploads } from "./kit/uploads.js"

const held = new Map() // the button that was pressed, by its form
const filesOf = (form) => [...uploads].filter(({ scope }) => scope === form.dataset.draft)

function say(form, word = "") {
  const place = form.querySelector("[data-files-state]")
  place.textContent = place.dataset[word] ?? ""
}

function hold(event) {
  const form = event.target
  if (!form.matches("form[data-files]")) return
  const files = filesOf(form).filter(isUnsent)
  if (!files.length) return say(form)
  event.preventDefault()
  event.stopImmediatePropagation()
  const isHeldBack = !files.every(isUnderWay)
  say(form, isHeldBack ? "stuck" : "waits")
  if (isHeldBack) files.find((file) => !isUnderWay(file)).row.querySelector("[data-act]:not([hidden])").focus()
  else held.set(form, event.submitter)
}

document.addEventListener("submit", hold, { capture: true })

document.addEventListener("files:changed", () => {
  for (const [form, button] of held) {
    const files = filesOf(form).filter(isUnsent)
    if (files.some(isUnderWay)) continue
    held.delete(form)
    if (form.isConnected) form.requestSubmit(button?.isConnected ? button : null)
  }
})

addEventListener("beforeunload", (event) => {
  if ([...uploads].some(isUnderWay)) event.preventDefault() // the browser asks
})
