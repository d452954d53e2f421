// Asks the desk about the file of an upload; what it refuses is an Unsent, with its own sentence.
import { post } from "./requests.js"
import { Unsent } from "./sending.js"

export async function ask(upload, url, fields = {}) {
  const answer = await post(url, fields).catch(() => null)
  if (!answer) throw new Unsent("noDesk")
  const content = await answer.json().catch(() => ({}))
  if (answer.status === 401 || answer.type === "opaqueredirect") throw new Unsent("loggedOut")
  if (upload.told && (answer.status === 404 || content.error_code === "E_GIVEN_UP")) throw new Unsent("gone", content.message)
  if (content.error_code === "E_ANOTHER_FILE") throw new Unsent("another", content.message)
  if (!answer.ok) throw new Unsent(problemOf(answer), content.message)
  if (url === upload.url) upload.told = content // also of one that was stopped meanwhile, which is then taken back
  if (upload.isStopped) throw new Unsent("stopped")
  return content
}

function problemOf({ status }) {
  if (status >= 500) return "noDesk"
  if (status === 409) return "notWhole"
  return [403, 413, 422].includes(status) ? "refused" : "failed"
}
