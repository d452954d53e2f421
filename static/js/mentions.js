// Behind an "@" in a [data-mentions], the address that knows who may be meant: a list in which arrows choose, and Enter,
// Tab or a click puts the name there. The focus stays in the text; Escape closes the list, and the text stays as it is.
import { fill } from "./kit/templates.js"

const PAUSE = 120 // milliseconds after the last letter
// Not within an address; before the sign, letters count only where words have blanks between them.
const BEGUN = /(?<!(?![\p{sc=Han}\p{sc=Hira}\p{sc=Kana}\p{sc=Hang}\p{sc=Thai}])[\p{L}\p{N}][._%+/@-]*)@((?:[^\s@][^\n@]{0,59})?)$/u
const list = () => document.getElementById("mentionable")
const options = () => [...list().querySelectorAll("[role=option]")]
const chosen = () => options().find((option) => option.ariaSelected === "true")
const isOpen = () => Boolean(list()?.matches(":popover-open"))
let asking
let left = {} // the field and the place of an "@" that was answered, or is to be left alone
let unknown = {} // and of one behind which nobody is called so, nor anything longer

// What is being named where the caret is, if anything.
function begunIn(field) {
  if (field.selectionStart !== field.selectionEnd) return null
  const found = field.value.slice(0, field.selectionEnd).match(BEGUN)
  return found && { field, typed: found[1], at: field.selectionEnd - found[1].length - 1 }
}

const isSame = (one, other) => one.field === other.field && one.at === other.at

function look(field) {
  clearTimeout(asking)
  const begun = begunIn(field)
  if (begun?.typed === "") left = unknown = {}
  if (!begun || isSame(begun, left) || (isSame(begun, unknown) && begun.typed.startsWith(unknown.typed))) return close(field)
  asking = setTimeout(ask, PAUSE, begun)
}

async function ask(begun) {
  const url = new URL(begun.field.dataset.mentions, location)
  url.searchParams.set("q", begun.typed)
  const answer = await fetch(url).catch(() => null)
  if (!answer?.ok || answer.redirected) return
  const people = new DOMParser().parseFromString(await answer.text(), "text/html").body.children
  const now = document.activeElement === begun.field && begunIn(begun.field)
  if (!now || now.at !== begun.at || now.typed !== begun.typed || isSame(begun, left)) return // it came late
  if (people.length) return open(begun.field, [...people])
  unknown = begun
  close(begun.field)
}

function open(field, people) {
  const place = list()
  place.replaceChildren(...people)
  if (!isOpen()) place.showPopover({ source: field })
  say(fill(place.dataset.said, { number: people.length }))
  choose(field, people[0])
}

function close(field) {
  clearTimeout(asking)
  field.removeAttribute("aria-activedescendant")
  if (!isOpen()) return
  list().hidePopover()
  say("")
}

function say(words) {
  document.querySelector("[data-mentions-said]").textContent = words
}

function choose(field, option) {
  for (const each of options()) each.ariaSelected = String(each === option)
  option.scrollIntoView({ block: "nearest" })
  field.setAttribute("aria-activedescendant", option.id)
}

function take(field, option) {
  const begun = begunIn(field)
  close(field)
  if (!begun) return
  const blank = /^\s/.test(field.value.slice(field.selectionEnd)) ? "" : " "
  left = begun
  field.setRangeText(`@${option.dataset.name}${blank}`, begun.at, field.selectionEnd, "end")
  field.dispatchEvent(new Event("input", { bubbles: true })) // the draft is kept
}

document.addEventListener("input", ({ target, isComposing }) => target.matches("[data-mentions]") && !isComposing && look(target))
document.addEventListener("compositionend", ({ target }) => target.matches("[data-mentions]") && look(target))
document.addEventListener("focusout", ({ target }) => target.matches("[data-mentions]") && close(target))
document.addEventListener("selectionchange", () => {
  const field = document.activeElement
  if (field?.matches("[data-mentions]") && isOpen() && !begunIn(field)) close(field)
})

// Before all others that listen: a key that answers here means nothing else.
document.addEventListener("keydown", (event) => {
  const field = event.target
  const hasMore = event.ctrlKey || event.metaKey || event.altKey || event.shiftKey || event.isComposing
  if (!field.matches?.("[data-mentions]") || !isOpen() || hasMore) return
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key]
  if (!step && !["Enter", "Tab", "Escape"].includes(event.key)) return
  event.preventDefault()
  event.stopPropagation()
  const all = options()
  if (step) return choose(field, all.at((all.indexOf(chosen()) + step) % all.length))
  if (event.key !== "Escape") return take(field, chosen())
  left = begunIn(field) ?? {}
  close(field)
}, true)

document.addEventListener("mousedown", (event) => event.target.closest("#mentionable") && event.preventDefault()) // the text keeps the focus
document.addEventListener("click", ({ target }) => {
  const option = target.closest("#mentionable [role=option]")
  if (option) take(document.activeElement, option)
})
