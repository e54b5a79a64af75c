/** Numbers from here on are probes, which the sink does not count. */
export const FIRST_PROBE = 90_000_000;

export const EVENT_TYPE = 'order.created';

export const eventId = (number: number): string => `evt-${String(number).padStart(8, '0')}`;

/** An event of about 300 bytes. The notification must contain its id, which the sink reads. */
export function eventText(number: number, type = EVENT_TYPE): string {
  const data = `{"order":"A-10${number % 997}","customer":"customer-${number % 101}@example.test","total":129.5,"currency":"EUR","priority":${number % 5},"note":"Please call the host twice and leave the parcel with the neighbour on the left if nobody answers the door."}`;
  return `{"id":"${eventId(number)}","type":"${type}","source":"shop","data":${data}}`;
}
