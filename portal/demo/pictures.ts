/** Draws a picture as a game might show it. */
export type Draw = (
  context: OffscreenCanvasRenderingContext2D,
  width: number,
  height: number,
) => void;

/** What makes a PNG of `width` by `height` pixels. */
export const png = (width: number, height: number, draw: Draw) => async (): Promise<Blob> => {
  const canvas = new OffscreenCanvas(width, height);
  const context = canvas.getContext("2d");
  if (context !== null) draw(context, width, height);
  return canvas.convertToBlob({ type: "image/png" });
};

function valley(context: OffscreenCanvasRenderingContext2D, width: number, height: number): void {
  const sky = context.createLinearGradient(0, 0, 0, height);
  sky.addColorStop(0, "#23325e");
  sky.addColorStop(0.55, "#c8697a");
  sky.addColorStop(0.8, "#f5b971");
  context.fillStyle = sky;
  context.fillRect(0, 0, width, height);
  context.fillStyle = "#fff3d6";
  context.beginPath();
  context.arc(width * 0.72, height * 0.42, height * 0.08, 0, 2 * Math.PI);
  context.fill();
  for (const [colour, level, wave] of [
    ["#5b4a7a", 0.55, 0.21],
    ["#3a345f", 0.66, 0.13],
    ["#1d2140", 0.78, 0.09],
  ] as const) {
    context.fillStyle = colour;
    context.beginPath();
    context.moveTo(0, height);
    for (let x = 0; x <= width; x += width / 24) {
      const y = Math.sin((x / width) * 9 + level * 20) + Math.sin((x / width) * 23 + wave * 50) / 2;
      context.lineTo(x, height * (level - (y * wave) / 3));
    }
    context.lineTo(width, height);
    context.fill();
  }
}

/** A dialog of the game over the valley. */
export function itemLocked(
  context: OffscreenCanvasRenderingContext2D,
  width: number,
  height: number,
): void {
  valley(context, width, height);
  const unit = Math.min(width, height) / 20;
  const [x, y, w, h] = [width / 2 - 7.5 * unit, height / 2 - 4 * unit, 15 * unit, 8 * unit];
  context.fillStyle = "rgb(12 15 28 / 0.92)";
  context.fillRect(x, y, w, h);
  context.strokeStyle = "#c9a63a";
  context.lineWidth = unit / 5;
  context.strokeRect(x, y, w, h);
  context.textAlign = "center";
  context.fillStyle = "#f6ecc4";
  context.font = `bold ${1.5 * unit}px sans-serif`;
  context.fillText("Item locked", width / 2, y + 2.6 * unit);
  context.font = `${unit}px monospace`;
  context.fillStyle = "#ff9a90";
  context.fillText("ERR_ITEM_LOCKED (0x51f)", width / 2, y + 4.6 * unit);
  context.fillStyle = "#c9a63a";
  context.fillRect(width / 2 - 2 * unit, y + 5.6 * unit, 4 * unit, 1.5 * unit);
  context.fillStyle = "#0b0f16";
  context.fillText("OK", width / 2, y + 6.7 * unit);
}

/** The places of an inventory; the `empty` one is marked. */
export const inventory =
  (empty: number): Draw =>
  (context, width, height) => {
    context.fillStyle = "#171b2e";
    context.fillRect(0, 0, width, height);
    const columns = 4;
    const size = width / (columns + 1);
    const rows = Math.floor(height / size) - 1;
    for (let place = 0; place < columns * rows; place += 1) {
      const x = ((place % columns) + 0.5) * size + 4;
      const y = (Math.floor(place / columns) + 0.7) * size + 4;
      context.fillStyle = "#262c48";
      context.fillRect(x, y, size - 8, size - 8);
      context.strokeStyle = place === empty ? "#ff6b5e" : "#3d4670";
      context.lineWidth = place === empty ? 6 : 2;
      context.strokeRect(x, y, size - 8, size - 8);
      if (place === empty) continue;
      context.fillStyle = `hsl(${(place * 67) % 360} 55% 60%)`;
      context.beginPath();
      context.arc(x + size / 2 - 4, y + size / 2 - 4, size / 5, 0, 2 * Math.PI);
      context.fill();
    }
  };
