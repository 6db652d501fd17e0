/** Shows the details of the cell that is pointed at or focused; Escape puts them away. */
import type { Details } from "./details.ts";
import { el, setAttribute, setText } from "./dom.ts";

export interface PopoverOptions {
  readonly box: HTMLElement;
  detailsOf(cell: Element): Details | undefined;
}

export interface Popover {
  /** Renews what is shown, or puts it away with its cell. */
  refresh(): void;
}

const gapPx = 6;
const lingerMs = 150;
const cellAt = (target: EventTarget | null): HTMLElement | undefined =>
  target instanceof Element
    ? (target.closest<HTMLElement>("td[data-stop]") ?? undefined)
    : undefined;

export const createPopover = ({ box, detailsOf }: PopoverOptions): Popover => {
  let cell: HTMLElement | undefined;
  let leaving: ReturnType<typeof setTimeout> | undefined;

  const place = (target: HTMLElement): void => {
    const at = target.getBoundingClientRect();
    const { offsetWidth: width, offsetHeight: height } = box;
    const { clientWidth, clientHeight } = document.documentElement;
    const below = at.bottom + gapPx;
    const fits = below + height <= clientHeight;
    const top = fits ? below : Math.max(gapPx, at.top - gapPx - height);
    const left = Math.max(gapPx, Math.min(at.left, clientWidth - width - gapPx));
    box.style.transform = `translate(${Math.round(left)}px, ${Math.round(top)}px)`;
  };

  const fill = ({ title, facts }: Details): void => {
    const text = JSON.stringify([title, facts]);
    if (box.dataset["shown"] === text) return;
    box.dataset["shown"] = text;
    const list = el("dl");
    for (const [label, value] of facts) list.append(el("dt", {}, label), el("dd", {}, value));
    box.replaceChildren(el("p", { class: "name" }, title), list);
  };

  const hide = (): void => {
    clearTimeout(leaving);
    if (cell) setAttribute(cell, "aria-describedby", undefined);
    cell = undefined;
    box.hidden = true;
  };

  const show = (target: HTMLElement): void => {
    clearTimeout(leaving);
    const details = detailsOf(target);
    if (!details) {
      hide();
      return;
    }
    if (cell !== target) hide();
    cell = target;
    fill(details);
    box.hidden = false;
    setAttribute(target, "aria-describedby", box.id);
    place(target);
  };

  const leave = (): void => {
    clearTimeout(leaving);
    leaving = setTimeout(() => {
      const focused = cellAt(document.activeElement);
      if (focused?.matches(":focus-visible")) show(focused);
      else hide();
    }, lingerMs);
  };

  document.addEventListener("pointerover", ({ target }) => {
    const over = cellAt(target);
    if (over) show(over);
    else if (target instanceof Element && box.contains(target)) clearTimeout(leaving);
    else if (cell) leave();
  });
  document.addEventListener("focusin", ({ target }) => {
    const focused = cellAt(target);
    if (focused) show(focused);
    else hide();
  });
  document.addEventListener("keydown", ({ key }) => {
    if (key === "Escape") hide();
  });
  document.addEventListener("scroll", () => cell && place(cell), { capture: true, passive: true });
  setText(box, "");
  return {
    refresh: () => {
      if (cell?.isConnected) show(cell);
      else if (cell) hide();
    },
  };
};
