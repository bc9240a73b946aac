/** Tables without a usable identity are published for INSERT and TRUNCATE only, in a publication of their own. */
export function insertPublicationName(publication: string): string {
  return `${publication}_inserts`;
}

/** The temporary slot that gives a snapshot to tables copied later. */
export function copySlotName(slot: string): string {
  return `${slot}_copy`;
}
