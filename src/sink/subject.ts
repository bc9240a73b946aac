/**
 * Where a message goes: a template's `{subject}` replaced by the message's own.
 *
 *     fillSubject('shop.{subject}', ['public', 'orders'], encode)   // shop.public.orders
 */
export function fillSubject(
  template: string,
  subject: readonly string[],
  encode: (token: string) => string,
): string {
  return template.replaceAll('{subject}', () => subject.map(encode).join('.'));
}
