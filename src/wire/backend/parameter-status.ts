import { MessageReader } from '../message-reader.ts';

export interface ParameterStatus {
  readonly name: string;
  readonly value: string;
}

export function decodeParameterStatus(bytes: Buffer, start: number, end: number): ParameterStatus {
  const reader = new MessageReader('ParameterStatus', bytes, start, end);
  const status = { name: reader.text(), value: reader.text() };
  reader.finish();
  return status;
}
