/** Stands for the name in a sentence; no name has it. */
const PLACE = "\u0000";

interface TextWithNameProps {
  /** A sentence that has a name in it once. */
  readonly text: (name: string) => string;
  readonly name: string;
}

/** A sentence with a name, whose direction does not reach beyond it. */
export function TextWithName({ text, name }: TextWithNameProps) {
  const [before, after] = text(PLACE).split(PLACE);
  return (
    <>
      {before}
      <bdi>{name}</bdi>
      {after}
    </>
  );
}
