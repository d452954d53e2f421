// One request that puts a file, or a part of it, into the store; it may be stopped, and is given up where it gets nowhere.
const PATIENCE = 60_000 // of one request that gets nowhere

// `state` names the words of <template id="file-row">, `said` is the desk's own sentence.
export class Unsent extends Error {
  constructor(state, said = "") {
    super(state)
    this.state = state
    this.said = said
  }
}

export async function put(upload, place, body, number) {
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
export async function hashOf(body) {
  const bytes = await body.arrayBuffer().catch(() => { throw new Unsent("unreadable") })
  const digest = await crypto.subtle?.digest("SHA-256", bytes)
  return digest && Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, "0")).join("")
}
