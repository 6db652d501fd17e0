/** What a view says of a question of its own that failed, while the rest of the page goes on. */
import type { Failure } from "./api.ts";
import { failureWords } from "./change-dialog.ts";
import { el, setText } from "./dom.ts";

export interface OwnNotice {
  readonly element: HTMLElement;
  /** Tells of the failure, or of none. @returns what the page as a whole has to hear */
  take(failure: Failure | undefined): Failure | undefined;
}

const capital = (text: string): string => text.replace(/^./, (first) => first.toUpperCase());

/** Words for a failure to read; pure. */
export const readFailure = (
  failure: Failure,
  what: string,
): { readonly title: string; readonly text: string } => {
  if (failure.kind === "silent") {
    return { title: `${capital(what)}: no answer`, text: "What you see is what was known before." };
  }
  const { code, detail, hint } = failure.problem;
  switch (code) {
    case "FORBIDDEN":
      return { title: `You may not see ${what}`, text: detail };
    case "BACKEND_UNAVAILABLE":
      return {
        title: `${capital(what)} cannot be read now`,
        text: "They are kept in Redis, which this node cannot reach. What you see is what was known before; it heals by itself.",
      };
    default:
      return { title: failureWords(failure).title, text: [detail, hint].join(" ").trim() };
  }
};

export const createOwnNotice = (what: string): OwnNotice => {
  const title = el("strong");
  const text = el("span");
  const element = el("p", { class: "notice", role: "status" }, title, " ", text);
  element.hidden = true;
  return {
    element,
    take: (failure) => {
      element.hidden = failure === undefined;
      if (!failure) return undefined;
      const words = readFailure(failure, what);
      setText(title, words.title);
      setText(text, words.text);
      return failure.kind === "problem" && failure.problem.status === 401 ? failure : undefined;
    },
  };
};
