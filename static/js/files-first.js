// Lets a form[data-files] go once its files are there: it waits for those on their way, and is held back, with words, by
// one that did not get through, so that nothing is lost without a word. Without a file that was refused while it waited
// it goes only when that is asked for again.
import { isUnderWay, isUnsent } from "./kit/file-rows.js"
import { uploads } from "./kit/uploads.js"

const held = new Map() // the button that was pressed, and what was refused before, by its form
const filesOf = (form) => [...uploads].filter(({ scope }) => scope === form.dataset.draft)
const refusedOf = (form) => filesOf(form).filter((file) => !isUnsent(file))

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
  else held.set(form, { button: event.submitter, refused: refusedOf(form) })
}

document.addEventListener("submit", hold, { capture: true })

document.addEventListener("files:changed", () => {
  for (const [form, { button, refused }] of held) {
    if (refusedOf(form).some((file) => !refused.includes(file))) letGo(form)
    else if (!filesOf(form).some((file) => isUnsent(file) && isUnderWay(file))) goOn(form, button)
  }
})

function letGo(form) {
  held.delete(form)
  say(form, "refused")
}

function goOn(form, button) {
  held.delete(form)
  if (form.isConnected) form.requestSubmit(button?.isConnected ? button : null)
}

addEventListener("beforeunload", (event) => {
  if ([...uploads].some(isUnderWay)) event.preventDefault() // the browser asks
})
