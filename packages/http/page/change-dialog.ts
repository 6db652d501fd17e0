/**
 * Asks why, and what else a change needs, then makes it. The same words sent again carry the same
 * idempotency key.
 */
import type { Answer, Failure } from "./api.ts";
import { byId, el, setText } from "./dom.ts";
import { duration } from "./words.ts";

export interface Choice {
  readonly value: string;
  readonly label: string;
}

export interface Field {
  readonly name: string;
  readonly label: string;
  readonly kind: "text" | "choice" | "check";
  readonly choices?: readonly Choice[];
  readonly value?: string;
  readonly isRequired?: boolean;
  readonly hint?: string;
}

/** What was filled in: text as it is, a check as `true` or nothing. */
export type Given = Readonly<Record<string, string>>;

/** What stays the same when the same words are sent again. */
export interface Attempt {
  readonly key: string;
  /** By the cluster's clock, in milliseconds since 1970. */
  readonly at: number;
}

export interface ChangeRequest {
  readonly title: string;
  /** What will come of it. */
  readonly text: string;
  readonly button: string;
  readonly isDangerous?: boolean;
  readonly fields?: readonly Field[];
  send(given: Given & { readonly reason: string }, attempt: Attempt): Promise<Answer<unknown>>;
  done(value: unknown): void;
}

/** How long a hold may last, as people choose it. */
export const untilField = (label: string, isRequired = true): Field => ({
  name: "forMs",
  label,
  kind: "choice",
  choices: [
    ...(isRequired ? [] : [{ value: "", label: "until it is changed" }]),
    { value: "3600000", label: "for 1 hour" },
    { value: "14400000", label: "for 4 hours" },
    { value: "86400000", label: "for 1 day" },
    { value: "604800000", label: "for 7 days" },
  ],
});
export const ownerField: Field = {
  name: "owner",
  label: "Who answers for it",
  kind: "text",
  hint: "You, if left empty.",
};

/** The end chosen, and the owner where one is named. */
export const holdOf = (
  { forMs = "", owner = "" }: Given,
  now: number,
): { readonly until?: string; readonly owner?: string } => ({
  ...(forMs !== "" && { until: new Date(now + Number(forMs)).toISOString() }),
  ...(owner !== "" && { owner }),
});

/** Random, by what pages without TLS have too. */
const newKey = (): string =>
  [...crypto.getRandomValues(new Uint8Array(16))]
    .map((byte) => byte.toString(16).padStart(2, "0"))
    .join("");

export interface FailureWords {
  readonly title: string;
  /** What happened, and what to do. */
  readonly text: string;
}

export const failureWords = (failure: Failure): FailureWords => {
  if (failure.kind === "silent") {
    return {
      title: "No answer came",
      text: "Whether the change was made is not known. Sending it again is safe.",
    };
  }
  const { title, detail, hint, fieldErrors, outcome, retryAfterMs, requestId, code } =
    failure.problem;
  const fields = Object.entries(fieldErrors ?? {}).map(([field, why]) => `${field}: ${why}.`);
  return {
    title: title ?? code,
    text: [
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
      .join(" "),
  };
};

type Input = HTMLInputElement | HTMLSelectElement;

const inputOf = ({ name, kind, choices = [], value = "" }: Field): Input => {
  if (kind === "choice") {
    const select = el("select", { attributes: { name } });
    for (const choice of choices) {
      select.append(el("option", { attributes: { value: choice.value } }, choice.label));
    }
    if (value !== "") select.value = value;
    return select;
  }
  const input = el("input", { attributes: { name, type: kind === "check" ? "checkbox" : "text" } });
  if (kind === "text") {
    input.maxLength = 200;
    input.autocomplete = "off";
    input.value = value;
  }
  return input;
};

const rowOf = (field: Field, input: Input): HTMLElement =>
  field.kind === "check"
    ? el("label", { class: "check" }, input, field.label)
    : el(
        "label",
        {},
        el("span", {}, field.label),
        input,
        field.hint === undefined ? undefined : el("span", { class: "sub" }, field.hint),
      );

const filledIn = (input: Input): string =>
  input instanceof HTMLInputElement && input.type === "checkbox"
    ? input.checked
      ? "true"
      : ""
    : input.value.trim();

export interface ChangeDialogOptions {
  /** The caller is not known any more. */
  locked(): void;
  now(): number;
}

export const createChangeDialog = ({
  locked,
  now,
}: ChangeDialogOptions): ((request: ChangeRequest) => void) => {
  const dialog = byId<HTMLDialogElement>("dialog");
  const form = byId<HTMLFormElement>("dialog-form");
  const fields = byId("dialog-fields");
  const reasonInput = byId<HTMLTextAreaElement>("dialog-reason");
  const error = byId("dialog-error");
  const confirm = byId<HTMLButtonElement>("dialog-confirm");
  let request: ChangeRequest | undefined;
  let inputs: readonly (readonly [Field, Input])[] = [];
  let sent = { text: "", key: "", at: 0 };

  const fail = ({ title, text }: FailureWords): void => {
    error.hidden = text === "";
    error.replaceChildren(el("strong", {}, title), " ", text);
  };
  const refuse = (text: string, target: HTMLElement): void => {
    fail({ title: "Not sent yet.", text });
    target.focus();
  };
  const submit = async (): Promise<void> => {
    const asked = request;
    if (!asked || confirm.disabled) return;
    const lacking = inputs.find(([field, input]) => field.isRequired && filledIn(input) === "");
    if (lacking) {
      refuse(`Fill in: ${lacking[0].label}.`, lacking[1]);
      return;
    }
    const reason = reasonInput.value.trim();
    if (reason === "") {
      refuse("Say why, so that others can read it later.", reasonInput);
      return;
    }
    const given = Object.fromEntries(inputs.map(([{ name }, input]) => [name, filledIn(input)]));
    const text = JSON.stringify([given, reason]);
    if (sent.text !== text) sent = { text, key: newKey(), at: now() };
    confirm.disabled = true;
    error.hidden = true;
    const answer = await asked.send({ ...given, reason }, sent);
    confirm.disabled = false;
    if (request !== asked) return;
    if (answer.kind === "value") {
      dialog.close();
      asked.done(answer.value);
    } else if (answer.kind === "problem" && answer.problem.status === 401) {
      dialog.close();
      locked();
    } else fail(failureWords(answer));
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
    sent = { text: "", key: "", at: 0 };
    setText(byId("dialog-title"), asked.title);
    setText(byId("dialog-text"), asked.text);
    setText(confirm, asked.button);
    confirm.classList.toggle("danger", asked.isDangerous === true);
    inputs = (asked.fields ?? []).map((field) => [field, inputOf(field)]);
    fields.replaceChildren(...inputs.map(([field, input]) => rowOf(field, input)));
    reasonInput.value = "";
    error.hidden = true;
    dialog.showModal();
    (inputs[0]?.[1] ?? reasonInput).focus();
  };
};
