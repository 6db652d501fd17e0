/**
 * Makes and keeps elements. Everything that comes from outside becomes text or the value of a named
 * attribute; nothing here can make markup from a string.
 */
import type { Mark, Shape } from "./marks.ts";

export type Child = Node | string | undefined;

interface Props {
  readonly class?: string;
  readonly role?: string;
  readonly id?: string;
  readonly attributes?: Readonly<Record<string, string>>;
}

export const el = <K extends keyof HTMLElementTagNameMap>(
  tag: K,
  props: Props = {},
  ...children: readonly Child[]
): HTMLElementTagNameMap[K] => {
  const made = document.createElement(tag);
  if (props.class !== undefined) made.className = props.class;
  if (props.role !== undefined) made.setAttribute("role", props.role);
  if (props.id !== undefined) made.id = props.id;
  for (const [name, value] of Object.entries(props.attributes ?? {})) {
    made.setAttribute(name, value);
  }
  made.append(...children.filter((child) => child !== undefined));
  return made;
};

/** Writes only what changed, so that selection, focus and screen readers are left in peace. */
export const setText = (target: Node, text: string): void => {
  if (target.textContent !== text) target.textContent = text;
};

/** `undefined` takes the attribute away. */
export const setAttribute = (target: Element, name: string, value: string | undefined): void => {
  if (value === undefined) target.removeAttribute(name);
  else if (target.getAttribute(name) !== value) target.setAttribute(name, value);
};

export const byId = <T extends HTMLElement = HTMLElement>(id: string): T => {
  const found = document.getElementById(id);
  if (!found) throw new Error(`the page has no #${id}`);
  return found as T;
};

const svgSpace = "http://www.w3.org/2000/svg";
const paths: Readonly<Record<Shape, string>> = {
  on: "M8 2a6 6 0 1 1 0 12A6 6 0 0 1 8 2Z",
  off: "M8 2a6 6 0 1 1 0 12A6 6 0 0 1 8 2Zm0 2a4 4 0 1 0 0 8 4 4 0 0 0 0-8Z",
  moving:
    "M7 1.2h2v3H7Zm0 10.6h2v3H7ZM1.2 7h3v2h-3Zm10.6 0h3v2h-3ZM2.5 3.9l1.4-1.4L6 4.6 4.6 6Zm7.5 7.5 1.4-1.4 2.1 2.1-1.4 1.4Zm-7.5.7L4.6 10 6 11.4l-2.1 2.1ZM10 4.6l2.1-2.1 1.4 1.4L11.4 6Z",
  alarm: "M8 1 15.5 14.5H.5ZM7 6v4.5h2V6Zm0 5.7v1.8h2v-1.8Z",
  blocked: "M8 .8 15.2 8 8 15.2.8 8ZM4.5 7v2h7V7Z",
  gone: "M3.4 2 8 6.6 12.6 2 14 3.4 9.4 8l4.6 4.6-1.4 1.4L8 9.4 3.4 14 2 12.6 6.6 8 2 3.4Z",
  unknown:
    "M2 2h3.5v2H4v1.5H2Zm8.5 0H14v3.5h-2V4h-1.5ZM2 10.5h2V12h1.5v2H2Zm10 0h2V14h-3.5v-2H12ZM7 7h2v2H7Z",
};

/** Draws a mark; the words beside it say the same, so it is hidden from screen readers. */
export const drawMark = ({ shape, tone }: Mark): SVGSVGElement => {
  const svg = document.createElementNS(svgSpace, "svg");
  svg.setAttribute("viewBox", "0 0 16 16");
  svg.setAttribute("aria-hidden", "true");
  svg.setAttribute("class", `mark ${tone}`);
  const path = document.createElementNS(svgSpace, "path");
  path.setAttribute("fill-rule", "evenodd");
  path.setAttribute("d", paths[shape]);
  svg.append(path);
  return svg;
};

/** Shows a mark with its words in an element, redrawn only when they change. */
export const showMark = (target: HTMLElement, mark: Mark, text: string): void => {
  const now = `${mark.shape} ${mark.tone} ${text}`;
  if (target.dataset["shown"] === now) return;
  target.dataset["shown"] = now;
  target.replaceChildren(drawMark(mark), el("span", {}, text));
};

/**
 * Keeps one child per item in the items' order, after the first `skip` children, which are not its
 * own. Those that stay are not moved or made anew.
 */
export const reconcile = <T>(
  parent: Element,
  items: readonly T[],
  options: {
    keyOf(item: T): string;
    make(item: T): HTMLElement;
    update(element: HTMLElement, item: T): void;
    readonly skip?: number;
  },
): void => {
  const there = new Map<string, HTMLElement>();
  for (const child of parent.children) {
    if (child instanceof HTMLElement && child.dataset["key"] !== undefined) {
      there.set(child.dataset["key"], child);
    }
  }
  let after: Element | null = parent.children[(options.skip ?? 0) - 1] ?? null;
  for (const item of items) {
    const key = options.keyOf(item);
    let element = there.get(key);
    if (element) there.delete(key);
    else {
      element = options.make(item);
      element.dataset["key"] = key;
    }
    options.update(element, item);
    const place: ChildNode | null = after ? after.nextSibling : parent.firstChild;
    if (place !== element) parent.insertBefore(element, place);
    after = element;
  }
  for (const element of there.values()) element.remove();
};
