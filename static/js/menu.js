// Menus are native popovers. The first thing in one, or what is asked for first, gets the focus; arrows move, and it
// closes when its act is done.
const items = (menu) => [...menu.querySelectorAll("a[href], button, select, input:not([type=hidden])")]

document.addEventListener("toggle", ({ target, newState }) => {
  if (newState !== "open" || !target.matches(".menu")) return
  if (!CSS.supports("position-area", "block-end")) place(target)
  const all = items(target)
  ;(all.find((item) => item.ariaCurrent || item.matches("[data-first]")) ?? all[0])?.focus({ preventScroll: true })
}, true)

// What is fetched when its menu opens comes after the focus: the button of the menu says which field is meant.
document.addEventListener("htmx:afterSettle", ({ target, detail }) => {
  const { first } = detail.requestConfig?.elt.dataset ?? {}
  if (first && target.closest(".menu:popover-open")) target.querySelector(`[name="${first}"]`)?.focus()
})

document.addEventListener("keydown", (event) => {
  const menu = event.target.closest?.(".menu:popover-open")
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key]
  if (!menu || !step || event.target.matches("select, [list], [role=combobox], [type=date], [type=time]")) return
  event.preventDefault()
  const all = items(menu)
  all.at((all.indexOf(event.target) + step) % all.length).focus()
})

document.addEventListener("htmx:beforeSwap", ({ detail }) => {
  if (detail.xhr.status >= 400 || detail.requestConfig.verb === "get") return
  const { elt } = detail.requestConfig
  elt.closest("[popover]:popover-open")?.hidePopover()
  elt.closest("dialog[open]")?.close()
})

// For browsers that cannot place a popover beside its button by style alone.
function place(menu) {
  const button = document.querySelector(`[popovertarget="${menu.id}"]`)?.getBoundingClientRect()
  if (!button || innerWidth < 768) return
  const isAbove = menu.matches(".is-up")
  const left = menu.matches(".is-end") ? button.right - menu.offsetWidth : button.left
  menu.style.left = `${Math.max(8, Math.min(left, innerWidth - menu.offsetWidth - 8))}px`
  menu.style.top = `${isAbove ? button.top - menu.offsetHeight - 4 : button.bottom}px`
}
