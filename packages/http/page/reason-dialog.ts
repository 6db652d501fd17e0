/** Asks why, then makes one change. The same reason sent again carries the same idempotency key. */
import type { Answer, Failure } from "./api.ts";
import { byId, setText } from "./dom.ts";
import { duration } from "./words.ts";

export interface ChangeRequest {
  readonly title: string;
  /** What will come of it. */
  readonly text: string;
  readonly button: string;
  send(reason: string, idempotencyKey: string): Promise<Answer<unknown>>;
  done(): void;
  /** The token is not good any more. */
  locked(): void;
}

/** Random, by what pages without TLS have too. */
const newKey = (): string =>
  [...crypto.getRandomValues(new Uint8Array(16))]
    .map((byte) => byte.toString(16).padStart(2, "0"))
    .join("");

export const failureText = (failure: Failure): string => {
  if (failure.kind === "silent") {
    return "No answer came, so whether the change was made is not known. Sending it again is safe.";
  }
  const { detail, hint, fieldErrors, outcome, retryAfterMs, requestId } = failure.problem;
  const fields = Object.entries(fieldErrors ?? {}).map(([field, why]) => `${field}: ${why}.`);
  return [
    detail,
    ...fields,
    hint,
    outcome === "unknown"
      ? "Whether the change was made is not known. Sending it again is safe."
      : undefined,
    retryAfterMs === undefined ? undefined : `Try again in ${duration(retryAfterMs)}.`,
    requestId === undefined ? undefined : `(request ${requestId})`,
  ]
    .filter((part) => part !== undefined)
    .join(" ");
};

export const createReasonDialog = (): ((request: ChangeRequest) => void) => {
  const dialog = byId<HTMLDialogElement>("dialog");
  const form = byId<HTMLFormElement>("dialog-form");
  const input = byId<HTMLTextAreaElement>("dialog-reason");
  const error = byId("dialog-error");
  const confirm = byId<HTMLButtonElement>("dialog-confirm");
  let request: ChangeRequest | undefined;
  let sent = { reason: "", key: "" };

  const fail = (text: string): void => {
    setText(error, text);
    error.hidden = text === "";
  };
  const submit = async (): Promise<void> => {
    const asked = request;
    const reason = input.value.trim();
    if (!asked || confirm.disabled) return;
    if (reason === "") {
      fail("Say why, so that others can read it later.");
      input.focus();
      return;
    }
    if (sent.reason !== reason) sent = { reason, key: newKey() };
    confirm.disabled = true;
    fail("");
    const answer = await asked.send(reason, sent.key);
    confirm.disabled = false;
    if (request !== asked) return;
    if (answer.kind === "value") {
      dialog.close();
      asked.done();
    } else if (answer.kind === "problem" && answer.problem.status === 401) {
      dialog.close();
      asked.locked();
    } else fail(failureText(answer));
  };
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    void submit();
  });
  byId("dialog-cancel").addEventListener("click", () => dialog.close());
  dialog.addEventListener("close", () => {
    request = undefined;
  });
  return (asked) => {
    request = asked;
    sent = { reason: "", key: "" };
    setText(byId("dialog-title"), asked.title);
    setText(byId("dialog-text"), asked.text);
    setText(confirm, asked.button);
    input.value = "";
    fail("");
    dialog.showModal();
    input.focus();
  };
};
