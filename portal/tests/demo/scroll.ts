import type { Locator } from "@playwright/test";

/** Scrolls a list by one pixel. Returns when it has shown that. */
export async function scrollSlightly(list: Locator): Promise<void> {
  await list.evaluate(async (element) => {
    const scrolled = new Promise((resolve) =>
      element.addEventListener("scroll", resolve, { once: true }),
    );
    element.scrollBy(0, element.scrollTop > 0 ? -1 : 1);
    await scrolled;
    await new Promise(requestAnimationFrame);
  });
}
