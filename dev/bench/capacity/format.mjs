// Formats of numbers, tables and paragraphs.

const grouped = new Intl.NumberFormat("en-US", { maximumSignificantDigits: 2 });
const exact = new Intl.NumberFormat("en-US", { maximumFractionDigits: 3 });

/** A derived number, with two significant digits. */
export const about = (number) => (Number.isFinite(number) ? grouped.format(number) : "unlimited");

/** An exact number. */
export const given = (number) => exact.format(number);

const UNITS = ["bytes", "kB", "MB", "GB", "TB", "PB"];

/** Bytes in a decimal unit of a suitable size. */
export function bytes(number) {
  const unit = Math.min(
    Math.max(Math.floor(Math.log10(Math.max(number, 1)) / 3), 0),
    UNITS.length - 1,
  );
  return `${about(number / 1000 ** unit)} ${UNITS[unit]}`;
}

/** A table in Markdown; with `right`, all columns but the first are aligned right. */
export function table(head, rows, { right = false } = {}) {
  const line = (cells) => `| ${cells.join(" | ")} |`;
  const rule = head.map((_, column) => (right && column > 0 ? "---:" : "---"));
  return [line(head), line(rule), ...rows.map(line)].join("\n");
}

const WIDTH = 120;

/** A wrapped paragraph; all lines but the first begin with `indent`. */
export function prose(text, indent = "") {
  const lines = [""];
  for (const word of text.trim().split(/\s+/)) {
    const line = lines.at(-1);
    if (line.trim() && line.length + 1 + word.length > WIDTH) lines.push(indent + word);
    else lines[lines.length - 1] = line ? `${line} ${word}` : word;
  }
  return lines.join("\n");
}

/** A list of paragraphs. */
export const points = (texts) => texts.map((text) => prose(`- ${text}`, "  ")).join("\n");
