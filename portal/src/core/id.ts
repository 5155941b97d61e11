/**
 * A UUID of version 7 (RFC 9562, section 5.7): it begins with the time in milliseconds, so that the database stores messages
 * that are sent together next to each other.
 */
export function newId(now = Date.now()): string {
  const random = Array.from(crypto.getRandomValues(new Uint8Array(10)), (byte, index) => {
    const marked = index === 0 ? (byte & 0x0f) | 0x70 : index === 2 ? (byte & 0x3f) | 0x80 : byte;
    return marked.toString(16).padStart(2, "0");
  });
  const digits = now.toString(16).padStart(12, "0") + random.join("");
  return digits.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}
