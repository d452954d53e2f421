// Focuses what the server marked as the thing to read first ([data-focus]: an error summary), and puts the
// focus back where it was when a swap took the focused element away.
const formOf = ({ form }) => (form?.getAttribute("action") ? `form[action="${CSS.escape(form.getAttribute("action"))}"]` : "")
const marks = (element) => [
  element.closest("[popover]") && `[popovertarget="${element.closest("[popover]").id}"]`,
  element.id && `#${CSS.escape(element.id)}`,
  element.name && `${formOf(element)} [name="${CSS.escape(element.name)}"]${element.type === "radio" ? `[value="${CSS.escape(element.value)}"]` : ""}`,
  element.dataset.key && `[data-key="${CSS.escape(element.dataset.key)}"]`,
  element.getAttribute("href") && `[href="${CSS.escape(element.getAttribute("href"))}"]`,
  element.form?.getAttribute("action") && `${formOf(element)} button`,
].filter(Boolean)

let before = []

document.querySelector("[data-focus]")?.focus()

document.addEventListener("htmx:beforeSwap", ({ detail }) => {
  const active = document.activeElement
  before = active && active !== document.body && detail.target.contains(active) ? marks(active) : []
})

document.addEventListener("htmx:afterSettle", ({ detail }) => {
  const said = detail.elt.matches("[data-focus]") ? detail.elt : detail.elt.querySelector("[data-focus]")
  if (said) return said.focus()
  if (document.activeElement !== document.body || !before.length) return
  const again = before.map((mark) => document.querySelector(mark)).find((element) => element?.checkVisibility())
  const heading = detail.elt.closest("main, dialog")?.querySelector("h1[tabindex], h2[tabindex]")
  ;(again ?? heading)?.focus()
  before = []
})
