// Shows the panel that the chosen [role=tab] controls; arrows move between the tabs. Says so with `tab:chosen`.
function choose(tab, byKey = false) {
  for (const other of tab.closest("[role=tablist]").querySelectorAll("[role=tab]")) {
    const isChosen = other === tab
    other.setAttribute("aria-selected", String(isChosen))
    other.tabIndex = isChosen ? 0 : -1
    document.getElementById(other.getAttribute("aria-controls")).hidden = !isChosen
  }
  tab.dispatchEvent(new CustomEvent("tab:chosen", { bubbles: true, detail: { byKey } }))
}

// What grows or shrinks with the focus must not move a tab from under the pointer that presses it.
document.addEventListener("mousedown", (event) => {
  if (event.target.closest("[role=tab]")) event.preventDefault()
})

document.addEventListener("click", (event) => {
  const tab = event.target.closest("[role=tab]")
  if (!tab) return
  event.preventDefault() // where it is a link, for those without a script
  tab.focus()
  choose(tab, event.detail === 0 && tab.matches("[data-key]"))
})

document.addEventListener("keydown", (event) => {
  const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key]
  if (!step || !event.target.matches?.("[role=tab]")) return
  event.preventDefault()
  const tabs = [...event.target.closest("[role=tablist]").querySelectorAll("[role=tab]")]
  const next = tabs.at((tabs.indexOf(event.target) + step) % tabs.length)
  next.focus()
  choose(next)
})

// An address may name a field, also one of a panel that is not shown.
const named = location.hash && document.getElementById(location.hash.slice(1))
const its = named && named.closest("[role=tabpanel][hidden]")
if (its) choose(document.querySelector(`[aria-controls="${its.id}"]`))
if (named && named.matches("textarea")) named.focus()
