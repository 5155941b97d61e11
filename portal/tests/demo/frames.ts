import type { Page } from "@playwright/test";

/**
 * One message: how many frames after Enter it stood there, and after how many
 * milliseconds that frame was laid out.
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
        const stands = () => {
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
              // What this frame shows is known once it has been laid out and measured.
              const { port1, port2 } = new MessageChannel();
              port1.onmessage = () => {
                if (stands()) resolve({ frames, ms: performance.now() - timeStamp });
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
  // The listener is there before the key is.
  await page.evaluate(() => new Promise(requestAnimationFrame));
  await page.keyboard.press("Enter");
  return watching;
}
