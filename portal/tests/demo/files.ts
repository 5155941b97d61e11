import type { Page } from "@playwright/test";

/** A file to add; without a size a small picture. */
export interface NewFile {
  readonly name: string;
  readonly type: string;
  readonly size?: number;
}

export const pngFile = (name: string): NewFile => ({ name, type: "image/png" });

/** Pastes files into the field, or drops them on the messages. */
export function addFiles(page: Page, way: "paste" | "drop", files: NewFile[]): Promise<void> {
  return page.evaluate(
    async ({ way, files }) => {
      const canvas = new OffscreenCanvas(600, 400);
      const context = canvas.getContext("2d");
      context?.fillRect(20, 20, 200, 100);
      const picture = await canvas.convertToBlob({ type: "image/png" });
      const data = new DataTransfer();
      for (const { name, type, size } of files) {
        const bytes = size === undefined ? picture : new Uint8Array(size);
        data.items.add(new File([bytes], name, { type }));
      }
      const init = { bubbles: true, cancelable: true, composed: true };
      const [target, event] =
        way === "paste"
          ? ["textarea", new ClipboardEvent("paste", { ...init, clipboardData: data })]
          : [".ppc-scroller", new DragEvent("drop", { ...init, dataTransfer: data })];
      document.querySelector(target as string)?.dispatchEvent(event as Event);
    },
    { way, files },
  );
}

/** Dispatches an event of dragged files on an element. */
export function draggedFiles(page: Page, type: string, selector: string): Promise<void> {
  return page.evaluate(
    ({ type, selector }) => {
      const dataTransfer = new DataTransfer();
      dataTransfer.items.add(new File(["x"], "a.png", { type: "image/png" }));
      const init = { bubbles: true, cancelable: true, composed: true, dataTransfer };
      document.querySelector(selector)?.dispatchEvent(new DragEvent(type, init));
    },
    { type, selector },
  );
}

/** Whether the messages or the composer are wider than what is visible of them. */
export function viewOf(page: Page): Promise<{ isWider: boolean }> {
  return page.evaluate(() => {
    const places = [...document.querySelectorAll(".ppc-scroller, .ppc-composer")];
    return { isWider: places.some((place) => place.scrollWidth > place.clientWidth) };
  });
}
