// The row of a file that is on its way: <template id="file-row"> with its words, by what becomes of the file. One that
// comes in parts is `paused` and goes on with the rest; one that is sent whole is `stopped`.
import { measured } from "./sizes.js"
import { fill, fromTemplate } from "./templates.js"

const NEVER = ["refused", "unreadable", "empty", "tooLarge"] // it can only be taken away
const GLYPHS = { lost: "warn", noDesk: "warn", loggedOut: "warn", failed: "warn", notWhole: "warn", store: "warn", stale: "warn", gone: "warn", unreadable: "warn", refused: "stop", empty: "stop", tooLarge: "stop", paused: "pause", stopped: "pause" }
const ACTS = { waiting: ["cancel"], uploading: ["pause", "cancel"], paused: ["resume", "cancel"], arrived: [] }
const ALOUD_FOR = 10_000

export const isUnderWay = ({ state }) => ["waiting", "uploading", "arrived"].includes(state)
export const isUnsent = ({ state }) => !NEVER.includes(state)

export const listOf = (upload) => document.querySelector(`form[data-draft="${upload.scope}"] [data-file-rows]`)

// What the desk would refuse, in its own words, without being asked.
export const unfit = ({ file: { size }, row }) => (size > Number(row.dataset.most) ? "tooLarge" : size ? "" : "empty")

export function newRow(upload) {
  const row = (upload.row = fromTemplate("file-row"))
  row.querySelector(".file-name").textContent = row.querySelector(".file-name").title = upload.file.name
  row.querySelector("progress").ariaLabel = upload.file.name
  for (const button of row.querySelectorAll("[data-act]")) {
    button.ariaLabel = fill(button.dataset.label, { name: upload.file.name })
  }
  row.upload = upload
  const list = listOf(upload)
  list?.append(row)
  list?.scrollTo(0, list.scrollHeight) // what is wrong with the last one is seen, too
}

// Asked for at each step of the bar: only a percent that is another one changes the page.
export function drawRow(upload, said = "") {
  const { row, state, file, sent } = upload
  const percent = file.size ? Math.floor((100 * Math.min(upload.loaded ?? sent, file.size)) / file.size) : 0
  const words = said || fill(row.dataset[state], { percent, size: measured(file.size) })
  if (row.words === words) return
  row.words = words
  const isWrong = GLYPHS[state] && GLYPHS[state] !== "pause"
  row.classList.toggle("is-critical", Boolean(isWrong))
  row.querySelector(".file-said").textContent = words
  if (row.state !== state && !["waiting", "arrived"].includes(state)) sayAloud(row) // not every percent
  row.state = state
  const use = row.querySelector(".file-glyph use")
  use.setAttribute("href", use.getAttribute("href").replace(/#.*/, `#${GLYPHS[state] ?? "upload"}`))
  const bar = row.querySelector("progress")
  bar.hidden = !["uploading", "paused", "lost"].includes(state)
  bar.value = percent
  const focused = row.querySelector("[data-act]:focus")
  for (const button of row.querySelectorAll("[data-act]")) {
    button.hidden = !(ACTS[state] ?? (NEVER.includes(state) ? ["cancel"] : ["again", "cancel"])).includes(button.dataset.act)
  }
  if (focused?.hidden) row.querySelector("[data-act]:not([hidden])")?.focus()
}

// One place beside the rows says aloud what becomes of each, also of several at the same time.
export function sayAloud(row) {
  const line = document.createElement("span")
  line.textContent = [".file-name", ".file-said"].map((part) => row.querySelector(part).textContent).join(": ")
  row.closest("[data-file-rows]")?.parentElement.querySelector("[data-files-said]")?.append(line)
  setTimeout(() => line.remove(), ALOUD_FOR)
}

// Takes a row away; whoever was at it is at the next one then.
export function takeAway(row) {
  const isHere = row.contains(document.activeElement)
  const after = row.nextElementSibling ?? row.previousElementSibling
  const near = after?.querySelector("button:not([hidden])") ?? row.closest("form")?.querySelector("input[type=file]")
  row.remove()
  if (isHere) near?.focus()
}
