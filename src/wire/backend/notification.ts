import { MessageReader } from '../message-reader.ts';

export interface Notification {
  readonly pid: number;
  readonly channel: string;
  readonly payload: string;
}

export function decodeNotification(bytes: Buffer, start: number, end: number): Notification {
  const reader = new MessageReader('NotificationResponse', bytes, start, end);
  const notification = { pid: reader.int32(), channel: reader.text(), payload: reader.text() };
  reader.finish();
  return notification;
}
