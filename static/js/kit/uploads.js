// One file's way to the store: announced at the desk, put where the desk says, whole or in parts, and said to be there.
// A lost connection is asked after: what has arrived is not sent again.
import { post } from "./requests.js"

const PATIENCE = 60_000 // of one request that gets nowhere
const TRIES = 4 // of a large file while nothing more of it arrives
const GOOD_FOR = 540_000 // of an address

// Every file of this page that is not there yet, the first one first.
export const uploads = new Set()

// `state` names the words of <template id="file-row">, `said` is the desk's own sentence.
export class Unsent extends Error {
  constructor(state, said = "") {
    super(state)
    this.state = state
    this.said = said
  }
}

export async function sendFile(upload) {
  for (let tries = 0; ; tries += 1) {
    try {
      await announce(upload)
      await (upload.told.parts_url ? putParts(upload) : put(upload, upload.told, upload.file, 1))
      return await ask(upload, upload.told.complete_url, wholeHashes(upload))
    } catch (problem) {
      const isStale = problem.state === "stale" && !tries
      if (isStale || (problem.state === "failed" && !upload.told?.parts_url)) await forget(upload)
      if (!isStale) throw problem
    }
  }
}

// The desk lets go of what it was told of; that it never arrives is no harm, either.
export async function forget(upload) {
  const { told } = upload
  Object.assign(upload, { told: null, hashes: [], sent: 0 })
  if (told) await post(told.removal_url, {}).catch(() => null)
}

export function stop(upload) {
  upload.isStopped = true
  upload.xhr?.abort()
}

async function announce(upload) {
  const { name, type, size } = upload.file
  if (upload.told && !upload.told.parts_url && performance.now() - upload.toldAt > GOOD_FOR) await forget(upload)
  if (upload.told) return
  const fields = { original_filename: name, mime: type, size, draft: upload.scope }
  upload.toldAt = performance.now()
  upload.told = await ask(upload, upload.url, fields)
}

async function ask(upload, url, fields = {}) {
  const answer = await post(url, fields).catch(() => null)
  if (!answer) throw new Unsent("noDesk")
  const content = await answer.json().catch(() => ({}))
  if (answer.status === 401 || answer.type === "opaqueredirect") throw new Unsent("loggedOut")
  if (answer.status === 404 && upload.told) throw new Unsent("stale")
  if (!answer.ok) throw new Unsent([403, 413, 422].includes(answer.status) ? "refused" : "failed", content.message)
  if (url === upload.url) upload.told = content // also of one that was stopped meanwhile, which is then taken back
  if (upload.isStopped) throw new Unsent("stopped")
  return content
}

async function putParts(upload) {
  const { told, file } = upload
  for (let left = TRIES, known = -1; ; ) {
    const { arrived, missing } = await ask(upload, told.parts_url)
    if (arrived.length > known) left = TRIES
    known = arrived.length
    upload.sent = file.size - missing.reduce((sum, part) => sum + part.size, 0)
    try {
      for (const part of missing) await putPart(upload, part)
      return
    } catch (problem) {
      left -= 1
      if (!["lost", "stale"].includes(problem.state) || !left) throw problem
      await new Promise((resolve) => setTimeout(resolve, 1000 * 2 ** (TRIES - 1 - left)))
      if (upload.isStopped) throw new Unsent("stopped")
    }
  }
}

async function putPart(upload, part) {
  const from = (part.number - 1) * upload.told.part_sizes[0]
  await put(upload, part, upload.file.slice(from, from + part.size), part.number)
  upload.sent += part.size
}

async function put(upload, place, body, number) {
  upload.hashes[number - 1] = await hashOf(body)
  if (upload.isStopped) throw new Unsent("stopped")
  await new Promise((resolve, reject) => {
    const xhr = (upload.xhr = new XMLHttpRequest())
    const give = (state) => () => reject(new Unsent(upload.isStopped ? "stopped" : state))
    const watch = () => {
      clearTimeout(upload.watch)
      upload.watch = setTimeout(() => xhr.abort(), PATIENCE)
    }
    xhr.open(place.method, place.url)
    for (const [name, value] of Object.entries(place.headers)) xhr.setRequestHeader(name, value)
    xhr.upload.addEventListener("progress", ({ loaded }) => (watch(), upload.progress(upload.sent + loaded)))
    xhr.addEventListener("load", () => (xhr.status < 300 ? resolve() : give(xhr.status === 403 ? "stale" : "store")()))
    for (const event of ["error", "abort"]) xhr.addEventListener(event, give("lost"))
    watch(xhr.send(body))
  }).finally(() => clearTimeout(upload.watch))
}

// What is said to be there is compared with what arrived. Browsers hash on safe connections alone.
async function hashOf(body) {
  const bytes = await body.arrayBuffer().catch(() => { throw new Unsent("unreadable") })
  const digest = await crypto.subtle?.digest("SHA-256", bytes)
  return digest && Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, "0")).join("")
}

const wholeHashes = ({ hashes, told }) =>
  Array.from(told.part_sizes, (_, at) => hashes[at]).every(Boolean) ? { sha256: hashes.join(",") } : {}
