// Ctrl+K: a ticket by its key, a place by its name, or what this page can do, all typed; else the words are searched.
import { capsOf, isInReach, labelOf } from "./kit/keys.js"
import { fill, fromTemplate } from "./kit/templates.js"

const TICKET = /^[a-z][a-z0-9]{1,9}-[1-9][0-9]{0,17}$/i
const field = () => document.querySelector("[data-palette-field]")
const list = () => document.querySelector("[data-palette-list]")
const options = () => [...list().querySelectorAll("[role=option]")]
const word = (name) => document.getElementById("palette-words").content.querySelector(`[data-${name}]`).textContent
const press = (element) => (element.matches("input, textarea, select") ? element.focus() : element.click())
let acts = new Map()

function found(typed) {
  const key = typed.toUpperCase()
  const tickets = []
  if (TICKET.test(typed)) tickets.push({ label: fill(word("open-ticket"), { key }), act: () => location.assign(list().dataset.ticket.replace("AA-1", key)) })
  if (typed) tickets.push({ label: fill(word("search-for"), { words: typed }), act: () => field().form.submit() })

  const pressable = (selector) => {
    const byLabel = new Map([...document.querySelectorAll(selector)].filter(isInReach).map((element) => [labelOf(element), element]))
    return [...byLabel]
      .filter(([label]) => label.toLowerCase().includes(typed.toLowerCase()))
      .map(([label, element]) => ({ label, element, act: () => press(element) }))
  }
  return { tickets, here: pressable("[data-key]:not([data-place])"), places: pressable("[data-place]") }
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
document.addEventListener("input", (event) => event.target.matches("[data-palette-field]") && draw())
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
