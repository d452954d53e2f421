// The menu of canned replies: what is typed narrows it, arrows choose, Enter or a click puts the words at the caret.
const wrote = new WeakSet() // fields somebody has been in, which have a caret of theirs
let wanted // the reply that is put in as soon as its words are there
let pause

const optionsOf = (menu) => [...menu.querySelectorAll("[role=option]")]
const chosenIn = (menu) => menu.querySelector("[role=option][aria-selected=true]")
const plain = (text) => text.toLowerCase().normalize("NFD").replace(/\p{M}/gu, "")

function choose(menu, chosen) {
  for (const option of optionsOf(menu)) option.ariaSelected = String(option === chosen)
  chosen?.scrollIntoView({ block: "nearest" })
  const field = menu.querySelector("[role=combobox]")
  if (chosen) field?.setAttribute("aria-activedescendant", chosen.id)
  else field?.removeAttribute("aria-activedescendant")
  clearTimeout(pause)
  if (chosen) pause = setTimeout(load, 150, menu, chosen)
}

function load(menu, option) {
  clearTimeout(pause)
  const place = menu.querySelector("[data-preview-of]")
  htmx.ajax("GET", option.dataset.canned, { source: option, target: place, swap: "innerHTML" })
}

function narrow(menu, typed) {
  const words = plain(typed).split(/\s+/)
  const fits = (option) => words.every((word) => option.dataset.name.includes(word) || plain(option.textContent).includes(word))
  for (const option of optionsOf(menu)) option.hidden = !fits(option)
  const left = optionsOf(menu).filter((option) => !option.hidden)
  const none = menu.querySelector("[data-none]")
  none.textContent = left.length ? "" : none.dataset.none
  if (!left.length) menu.querySelector("[data-preview-of]").replaceChildren()
  choose(menu, left[0])
}

function take(menu, option) {
  const place = menu.querySelector("[data-preview-of]")
  if (place.dataset.previewOf === option.id) return put(menu)
  wanted = option
  choose(menu, option)
  load(menu, option)
}

function put(menu) {
  wanted = undefined
  const text = menu.querySelector("[data-filled]").textContent
  const field = menu.closest("form").querySelector("textarea[name=body]")
  const caret = wrote.has(field) ? field.selectionEnd : field.value.length
  field.setRangeText(text, caret, caret, "end")
  menu.hidePopover()
  field.focus()
  field.dispatchEvent(new Event("input", { bubbles: true })) // the draft is kept
}

document.addEventListener("focusin", ({ target }) => target.matches("textarea") && wrote.add(target))
document.addEventListener("toggle", ({ target, newState }) => {
  if (target.matches(".canned") && newState === "closed") wanted = undefined
}, true)
document.addEventListener("input", ({ target }) => {
  if (target.matches(".canned [role=combobox]")) narrow(target.closest(".canned"), target.value)
})
document.addEventListener("click", ({ target }) => {
  const option = target.closest(".canned [role=option]")
  if (option) take(option.closest(".canned"), option)
})

document.addEventListener("keydown", (event) => {
  const menu = event.target.closest?.(".canned")
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key]
  if (!menu || !event.target.matches("[role=combobox]") || (!step && event.key !== "Enter")) return
  event.preventDefault()
  const left = optionsOf(menu).filter((option) => !option.hidden)
  const chosen = chosenIn(menu)
  if (step && left.length) choose(menu, left.at((left.indexOf(chosen) + step) % left.length))
  else if (!step && chosen) take(menu, chosen)
})

// The words of one that is not chosen any more came late, and are not shown.
document.addEventListener("htmx:beforeSwap", ({ detail }) => {
  const option = detail.requestConfig.elt
  if (option.matches("[data-canned]") && option.ariaSelected !== "true") detail.shouldSwap = false
})

document.addEventListener("htmx:afterSettle", ({ target, detail }) => {
  if (target.matches(".canned")) return chosenIn(target) || choose(target, optionsOf(target)[0]) // a key may have been faster
  const option = detail.requestConfig?.elt
  if (!option?.matches("[data-canned]") || !target.matches("[data-preview-of]")) return
  target.dataset.previewOf = option.id
  if (option === wanted) put(target.closest(".canned"))
})
