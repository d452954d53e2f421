// What is to become of the ticked tickets is asked in a dialog over their list; its first field has the focus.
const dialogOf = (element) => element.closest?.("#bulk-dialog")

document.addEventListener("htmx:afterSettle", ({ target, detail }) => {
  const dialog = dialogOf(target)
  if (!dialog || dialog.open || detail.requestConfig?.elt.id !== "bulk") return
  dialog.showModal()
  dialog.querySelector("form :is(input:not([type=hidden]), select, textarea, .is-primary)")?.focus()
})

// Ticked or not, the boxes of a page one comes back to are the browser's: what it shows is counted.
addEventListener("pageshow", () => document.querySelector("[data-rows] [type=checkbox]:checked")?.dispatchEvent(new Event("change", { bubbles: true })))
