// How numbers and tables are written.

const grouped = new Intl.NumberFormat("en-US", { maximumSignificantDigits: 2 });
const exact = new Intl.NumberFormat("en-US", { maximumFractionDigits: 3 });

/** A worked out number, of which two digits are as many as mean something. */
export const about = (number) => (Number.isFinite(number) ? grouped.format(number) : "no end");

/** A number that somebody decided on. */
export const given = (number) => exact.format(number);

const UNITS = ["bytes", "kB", "MB", "GB", "TB", "PB"];

/** Bytes in the unit in which they are best read, a thousand of each being one of the next. */
export function bytes(number) {
  const unit = Math.min(
    Math.max(Math.floor(Math.log10(Math.max(number, 1)) / 3), 0),
    UNITS.length - 1,
  );
  return `${about(number / 1000 ** unit)} ${UNITS[unit]}`;
}

/** A table in Markdown; the first column stands left, all others right if `right` is said. */
export function table(head, rows, { right = false } = {}) {
  const line = (cells) => `| ${cells.join(" | ")} |`;
  const rule = head.map((_, column) => (right && column > 0 ? "---:" : "---"));
  return [line(head), line(rule), ...rows.map(line)].join("\n");
}

const WIDTH = 120;

/** A paragraph, broken into lines, the second and further of which begin with `indent`. */
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
