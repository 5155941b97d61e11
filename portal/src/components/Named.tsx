/** Stands for the name in a sentence; no name has it. */
const PLACE = "\u0000";

interface NamedProps {
  /** A sentence that has a name in it once. */
  readonly text: (name: string) => string;
  readonly name: string;
}

/** A sentence with a name, whose direction does not reach beyond it. */
export function Named({ text, name }: NamedProps) {
  const [before, after] = text(PLACE).split(PLACE);
  return (
    <>
      {before}
      <bdi>{name}</bdi>
      {after}
    </>
  );
}
