// A row of a [data-order] table is dragged by its grip before another one; buttons beside it move it as well.
let dragged // the row in the air

const rowOf = (element) => element?.closest?.("[data-order] tr[data-move]")

document.addEventListener("dragstart", (event) => {
  const row = event.target.closest?.(".grip") && rowOf(event.target)
  if (!row) return
  dragged = row
  event.dataTransfer.setData("text/plain", row.dataset.rule)
  event.dataTransfer.effectAllowed = "move"
  event.dataTransfer.setDragImage(row, 0, 0)
})

function over(row, event) {
  const { top, height } = row.getBoundingClientRect()
  return event.clientY < top + height / 2 ? row : row.nextElementSibling
}

function mark(row) {
  for (const each of document.querySelectorAll("[data-order] .is-over")) each.classList.remove("is-over")
  row?.classList.add("is-over")
}

document.addEventListener("dragover", (event) => {
  const row = dragged && rowOf(event.target)
  if (!row) return
  event.preventDefault()
  mark(row)
})

document.addEventListener("drop", (event) => {
  const row = dragged && rowOf(event.target)
  if (!row) return
  event.preventDefault()
  const before = over(row, event)
  mark()
  if (before === dragged || before === dragged.nextElementSibling) return
  htmx.ajax("POST", dragged.dataset.move, { source: dragged, target: "#rules", swap: "outerHTML", values: { before: before?.dataset.rule ?? "" } })
})

document.addEventListener("dragend", () => {
  dragged = undefined
  mark()
})
