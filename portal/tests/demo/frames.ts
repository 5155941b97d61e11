import type { Page } from "@playwright/test";

/**
 * A sent message: its first frame after Enter, and when that frame was laid out, in milliseconds.
 */
export interface Sent {
  readonly frames: number;
  readonly ms: number;
}

/** Types a message, presses Enter, and watches each frame for its bubble. */
export async function sendAndWatch(page: Page, content: string): Promise<Sent> {
  await page.getByLabel("Your message").fill(content);
  const watching = page.evaluate(
    (text) =>
      new Promise<Sent>((resolve) => {
        const isShown = () => {
          const bubbles = [...document.querySelectorAll<HTMLElement>(".ppc-bubble")];
          const bubble = bubbles.find((each) => each.textContent?.includes(text));
          const list = document.querySelector(".ppc-scroller")?.getBoundingClientRect();
          const at = bubble?.getBoundingClientRect();
          if (bubble === undefined || list === undefined || at === undefined) return false;
          const isInSight = at.top >= list.top && at.bottom <= list.bottom + 1;
          return isInSight && getComputedStyle(bubble).visibility === "visible";
        };
        addEventListener(
          "keydown",
          ({ timeStamp }) => {
            let frames = 0;
            const frame = () => {
              frames += 1;
              // The frame's content is known once it is laid out and measured.
              const { port1, port2 } = new MessageChannel();
              port1.onmessage = () => {
                if (isShown()) resolve({ frames, ms: performance.now() - timeStamp });
                else requestAnimationFrame(frame);
              };
              port2.postMessage(null);
            };
            requestAnimationFrame(frame);
          },
          { once: true, capture: true },
        );
      }),
    content,
  );
  // Adds the listener before the key is pressed.
  await page.evaluate(() => new Promise(requestAnimationFrame));
  await page.keyboard.press("Enter");
  return watching;
}
