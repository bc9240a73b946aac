import type { Session } from '../../../session/index.ts';

/** Sends the rows of one COPY into another. A failure of either leaves both sessions in an unknown state. */
export async function copyRows(
  source: Session,
  copyOut: string,
  target: Session,
  copyIn: string,
): Promise<void> {
  const into = await target.copyIn(copyIn);
  await source.copyOut(copyOut, (run) => into.write(Buffer.from(run)));
  await into.end();
}
