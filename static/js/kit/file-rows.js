// The row of a file that is on its way: <template id="file-row"> with its words, by what becomes of the file. One that
// comes in parts is `paused` and goes on with the rest; one that is sent whole is `stopped`.
import { fill, fromTemplate } from "./templates.js"

const GLYPHS = { lost: "warn", noDesk: "warn", loggedOut: "warn", failed: "warn", store: "warn", unreadable: "warn", refused: "stop", paused: "pause", stopped: "pause" }
const ACTS = { waiting: ["cancel"], uploading: ["pause", "cancel"], paused: ["resume", "cancel"], arrived: [], refused: ["cancel"], unreadable: ["cancel"] }

export const isUnderWay = ({ state }) => ["waiting", "uploading", "arrived"].includes(state)
export const isUnsent = ({ state }) => !["refused", "unreadable"].includes(state)

export const listOf = (upload) => document.querySelector(`form[data-draft="${upload.scope}"] [data-file-rows]`)

export function megabytes(size) {
  const [unit, by] = size < 100_000 ? ["kilobyte", 1000] : ["megabyte", 1_000_000]
  return (size / by).toLocaleString(document.documentElement.lang, { style: "unit", unit, maximumFractionDigits: 1 })
}

export function newRow(upload) {
  const row = (upload.row = fromTemplate("file-row"))
  row.querySelector(".file-name").textContent = row.querySelector(".file-name").title = upload.file.name
  row.querySelector("progress").ariaLabel = upload.file.name
  for (const button of row.querySelectorAll("[data-act]")) {
    button.ariaLabel = fill(button.dataset.label, { name: upload.file.name })
  }
  row.upload = upload
  listOf(upload)?.append(row)
}

// Asked for at each step of the bar: only a percent that is another one changes the page.
export function drawRow(upload, said = "") {
  const { row, state, file, sent } = upload
  const percent = Math.floor((100 * Math.min(upload.loaded ?? sent, file.size)) / file.size)
  const words = said || fill(row.dataset[state], { percent, size: megabytes(file.size) })
  if (row.words === words) return
  row.words = words
  const isWrong = GLYPHS[state] && GLYPHS[state] !== "pause"
  row.classList.toggle("is-critical", Boolean(isWrong))
  const place = row.querySelector(".file-said")
  place.ariaLive = state === "uploading" && percent ? "off" : "polite" // not every percent is said aloud
  place.textContent = words
  const use = row.querySelector(".file-glyph use")
  use.setAttribute("href", use.getAttribute("href").replace(/#.*/, `#${GLYPHS[state] ?? "upload"}`))
  const bar = row.querySelector("progress")
  bar.hidden = !["uploading", "paused", "lost"].includes(state)
  bar.value = percent
  const focused = row.querySelector("[data-act]:focus")
  for (const button of row.querySelectorAll("[data-act]")) {
    button.hidden = !(ACTS[state] ?? ["again", "cancel"]).includes(button.dataset.act)
  }
  if (focused?.hidden) row.querySelector("[data-act]:not([hidden])")?.focus()
}
