// Keeps what is typed in a form[data-draft="scope"]: on the server 2 s after a pause, in this browser where that fails.
// The server renders its draft into the form (data-draft-at: its time in seconds); a younger one from here is put back.
import { post } from "./kit/requests.js"
import { clockTime, fill } from "./kit/templates.js"

const pauses = new WeakMap()
const isOn = () => "drafts" in document.body.dataset // nothing is kept of what an admin types as somebody else
const place = (form) => `draft:${document.body.dataset.user}:${form.dataset.draft}`
const isKept = (field) => field.name && field.matches("textarea, select, input:not([type=hidden], [type=password], [type=file])")
const isBox = (field) => field.matches("[type=checkbox], [type=radio]")
const kept = (form) => [...form.elements].filter(isKept)

function content(form) {
  const filled = kept(form).filter((field) => !isBox(field) || field.checked)
  return JSON.stringify(Object.fromEntries(filled.map((field) => [field.name, field.value])))
}

function keepHere(form) {
  localStorage.setItem(place(form), JSON.stringify({ typed: content(form), at: Date.now() }))
}

function say(form, word, moment) {
  for (const state of form.querySelectorAll("[data-draft-state]")) {
    state.textContent = fill(state.dataset[word], { time: clockTime(moment) })
  }
}

async function save(form) {
  pauses.delete(form)
  const typed = content(form)
  const answer = await post(document.body.dataset.drafts, { scope: form.dataset.draft, content: typed }).catch(() => null)
  if (form.hasAttribute("data-sending")) return
  if (answer?.ok) localStorage.removeItem(place(form))
  else keepHere(form)
  say(form, answer?.ok ? "saved" : "kept")
}

function restore(form) {
  const here = JSON.parse(localStorage.getItem(place(form)) ?? "null")
  const there = Number(form.dataset.draftAt ?? 0) * 1000
  if (there) say(form, "restored", new Date(there))
  if (!here || here.at <= there) return
  const values = JSON.parse(here.typed)
  for (const field of kept(form)) {
    if (isBox(field)) field.checked = field.value === values[field.name]
    else if (field.name in values) field.value = values[field.name]
  }
  say(form, "restored", new Date(here.at))
}

function restoreIn(root) {
  if (!isOn()) return
  for (const form of root.matches?.("form[data-draft]") ? [root] : root.querySelectorAll("form[data-draft]")) restore(form)
}

document.addEventListener("input", ({ target }) => {
  if (!isOn() || !target.form?.matches("[data-draft]") || !isKept(target)) return
  clearTimeout(pauses.get(target.form))
  pauses.set(target.form, setTimeout(save, 2000, target.form))
})

// On its way: kept here until it is known that it arrived.
document.addEventListener("submit", ({ target: form }) => {
  if (!isOn() || !form.matches("[data-draft]")) return
  clearTimeout(pauses.get(form))
  pauses.delete(form)
  keepHere(form)
  sessionStorage.setItem("sent", place(form))
})

document.addEventListener("htmx:beforeOnLoad", ({ detail }) => {
  const form = detail.requestConfig.elt
  if (!form.matches("form[data-draft]")) return
  sessionStorage.removeItem("sent")
  if (detail.xhr.status < 400) localStorage.removeItem(place(form))
})

addEventListener("pagehide", () => {
  for (const form of document.querySelectorAll("form[data-draft]")) if (pauses.has(form)) keepHere(form)
})

// A page without an error came after a plain form was sent: it arrived.
if (sessionStorage.getItem("sent") && !document.querySelector("[data-focus], [data-failed]")) {
  localStorage.removeItem(sessionStorage.getItem("sent"))
}
sessionStorage.removeItem("sent")
restoreIn(document)
document.addEventListener("htmx:load", (event) => restoreIn(event.target))
