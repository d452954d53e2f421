// Shows how the words of a field will look: [data-preview] is the address that renders, [data-text] the field.
document.addEventListener("tab:chosen", ({ target }) => {
  const { preview, text } = target.dataset
  if (!preview) return
  const place = document.getElementById(target.getAttribute("aria-controls"))
  const words = document.getElementById(text).value
  if (!words.trim()) return place.replaceChildren(place.dataset.empty)
  htmx.ajax("POST", preview, { source: place, target: place, swap: "innerHTML", values: { text: words } })
})
