/** Follows the keys of the whole page. */
import { home } from "./address.ts";
import { byId } from "./dom.ts";
import { createKeyReader, type KeyWish, keyHelp } from "./keys.ts";
import { showFacts } from "./ui.ts";
import type { Page } from "./views/view.ts";

const isTyping = (target: EventTarget | null): boolean =>
  target instanceof HTMLInputElement ||
  target instanceof HTMLTextAreaElement ||
  target instanceof HTMLSelectElement;

const moveRow = (view: HTMLElement, step: 1 | -1): void => {
  const rows = [...view.querySelectorAll<HTMLElement>("[data-row]")].filter(
    (row) => row.getClientRects().length > 0,
  );
  const at = rows.findIndex((row) => row.contains(document.activeElement));
  rows[at < 0 ? (step > 0 ? 0 : rows.length - 1) : at + step]?.focus();
};

const openRow = (row: Element | null): void => {
  if (row?.matches("[data-row]")) row.querySelector<HTMLElement>("a[data-go]")?.click();
};

const goBack = ({ address, go }: Page): void => {
  const { activeElement } = document;
  const { app, letter, view } = address();
  if (isTyping(activeElement) && activeElement instanceof HTMLElement) activeElement.blur();
  else if (app !== "") go({ app: "" });
  else if (letter !== "") go({ letter: "" });
  else if (view !== "apps" && activeElement === document.body) go(home);
};

const showHelp = (): void => byId<HTMLDialogElement>("help").showModal();

const follow = (wish: KeyWish, page: Page, view: HTMLElement): void => {
  switch (wish.kind) {
    case "open":
      openRow(document.activeElement);
      break;
    case "back":
      goBack(page);
      break;
    case "help":
      showHelp();
      break;
    case "filter":
      view.querySelector<HTMLElement>("[data-filter]")?.focus();
      break;
    case "row":
      moveRow(view, wish.step);
      break;
    case "go":
      page.go({ ...home, view: wish.view });
      break;
  }
};

/** @param view answers the view that is shown */
export const listenToKeys = (page: Page, view: () => HTMLElement): void => {
  const read = createKeyReader(() => performance.now());
  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || document.querySelector("dialog[open]")) return;
    if (document.body.dataset["screen"] !== "data") return;
    const wish = read({
      key: event.key,
      isChord: event.ctrlKey || event.metaKey || event.altKey,
      isTyping: isTyping(event.target),
    });
    if (!wish) return;
    follow(wish, page, view());
    // Enter and Escape mean more to what has the focus.
    if (wish.kind !== "open" && wish.kind !== "back") event.preventDefault();
  });
  byId("keys").addEventListener("click", showHelp);
  showFacts(byId("help-list"), keyHelp);
};
