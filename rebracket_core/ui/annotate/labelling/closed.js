// A project that was closed: answers may still be changed, but nothing more is saved, and what is pressed says so at once.

export const CLOSED = "This project is closed: it takes no labels any more. Answers that you began stay in this browser; an admin can open it again."

// Why an action is not done now; "" where it is. Steps of the draft in front can be taken back all the same.
export function refusalOf(client, action) {
  if (!client.data.closed) return ""
  const step = action.do === "undo" && client.draft?.past.length
  return ["submit", "skip", "undo"].includes(action.do) && !step ? "Not saved: the project is closed and takes no labels." : ""
}
