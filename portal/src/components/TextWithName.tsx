/** A placeholder for the name that no name contains. */
const PLACEHOLDER = "\u0000";

interface TextWithNameProps {
  /** Returns a sentence that contains the name once. */
  readonly text: (name: string) => string;
  readonly name: string;
}

/** A sentence with a name that is isolated from the direction of the text around it. */
export function TextWithName({ text, name }: TextWithNameProps) {
  const [before, after] = text(PLACEHOLDER).split(PLACEHOLDER);
  return (
    <>
      {before}
      <bdi>{name}</bdi>
      {after}
    </>
  );
}
