// Brings the first thing not yet seen into view, where the timeline scrolls in a pane of its own.
if (matchMedia("(min-width: 64rem)").matches && !location.hash) {
  document.querySelector("[data-latest]")?.scrollIntoView({ block: "center" })
}
