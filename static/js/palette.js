// Ctrl+K: a ticket by its key or subject, a place, or what this page can do, all typed; else the words are searched.
import { capsOf, isInReach, labelOf } from "./kit/keys.js"
import { fill, fromTemplate } from "./kit/templates.js"

const TICKET = /^[a-z][a-z0-9]{1,9}-[1-9][0-9]{0,17}$/i
const field = () => document.querySelector("[data-palette-field]")
const list = () => document.querySelector("[data-palette-list]")
const options = () => [...list().querySelectorAll("[role=option]")]
const word = (name) => document.getElementById("palette-words").content.querySelector(`[data-${name}]`).textContent
const press = (element) => (element.matches("input, textarea, select") ? element.focus() : element.click())
const PAUSE = 150 // milliseconds after the last letter
let acts = new Map()
let suggested = { typed: "", tickets: [] }
let asking

function found(typed) {
  const key = typed.toUpperCase()
  const tickets = []
  if (TICKET.test(typed)) tickets.push({ label: fill(word("open-ticket"), { key }), act: () => location.assign(list().dataset.ticket.replace("AA-1", key)) })
  if (suggested.typed === typed) tickets.push(...suggested.tickets)
  if (typed) tickets.push({ label: fill(word("search-for"), { words: typed }), act: () => field().form.submit() })

  const pressable = (selector) => {
    const byLabel = new Map([...document.querySelectorAll(selector)].filter(isInReach).map((element) => [labelOf(element), element]))
    return [...byLabel]
      .filter(([label]) => label.toLowerCase().includes(typed.toLowerCase()))
      .map(([label, element]) => ({ label, element, act: () => press(element) }))
  }
  return { tickets, here: pressable("[data-key]:not([data-place])"), places: pressable("[data-place]") }
}

// Tickets that the server knows to be meant; what comes back for an earlier text is not shown.
function suggest() {
  clearTimeout(asking)
  const typed = field().value.trim()
  if (typed.length < 2 || TICKET.test(typed)) return
  asking = setTimeout(async () => {
    const answer = await fetch(`${list().dataset.suggestions}?${new URLSearchParams({ q: typed })}`).catch(() => null)
    if (!answer?.ok || answer.redirected || field().value.trim() !== typed) return
    const links = new DOMParser().parseFromString(await answer.text(), "text/html").querySelectorAll("a")
    const tickets = [...links].map((link) => ({ label: link.textContent, act: () => location.assign(link.getAttribute("href")) }))
    suggested = { typed, tickets }
    const chosen = options().findIndex((row) => row.ariaSelected === "true")
    draw()
    if (chosen > 0) choose(chosen + tickets.length)
  }, PAUSE)
}

function draw() {
  acts = new Map()
  const groups = Object.entries(found(field().value.trim())).filter(([, choices]) => choices.length)
  list().replaceChildren(...groups.map(([name, choices]) => group(word(name), choices)))
  choose(0)
}

function group(title, choices) {
  const element = fromTemplate("palette-group")
  element.ariaLabel = title
  element.firstElementChild.textContent = title
  element.append(...choices.map(option))
  return element
}

function option({ label, element, act }) {
  const row = fromTemplate("palette-option")
  row.id = `palette-${acts.size}`
  acts.set(row.id, act)
  row.querySelector("[data-words]").textContent = label
  const glyph = element?.querySelector(":scope > .icon:not(.is-tiny)")
  if (glyph) row.querySelector(".icon").replaceWith(glyph.cloneNode(true))
  if (element) row.append(capsOf(element))
  return row
}

function choose(index) {
  const all = options()
  for (const [place, element] of all.entries()) element.ariaSelected = String(place === index)
  all[index]?.scrollIntoView({ block: "nearest" })
  if (all[index]) field().setAttribute("aria-activedescendant", all[index].id)
  else field().removeAttribute("aria-activedescendant")
}

function take(row) {
  document.getElementById("palette").close()
  acts.get(row.id)()
}

document.addEventListener("dialog:opened", (event) => {
  if (event.target.id !== "palette") return
  field().value = ""
  field().focus()
  draw()
})
document.addEventListener("input", (event) => {
  if (!event.target.matches("[data-palette-field]")) return
  draw()
  suggest()
})
document.addEventListener("click", (event) => {
  const row = event.target.closest("[data-palette-list] [role=option]")
  if (row) take(row)
})
document.addEventListener("keydown", (event) => {
  if (!event.target.matches?.("[data-palette-field]")) return
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key]
  if (!step && event.key !== "Enter") return
  event.preventDefault()
  const all = options()
  const here = all.findIndex((row) => row.ariaSelected === "true")
  if (step && all.length) choose((here + step + all.length) % all.length)
  else if (all[here]) take(all[here])
})
