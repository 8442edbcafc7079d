/** Whether a conversation is muted at this moment, by one's own membership. */
export function isMuted({ muted_until }) {
  return muted_until !== null && muted_until !== undefined && new Date(muted_until) > new Date();
}
