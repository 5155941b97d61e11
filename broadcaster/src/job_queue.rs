//! Jobs that wait for a call to Pusher. Of how far one reader has read one conversation, only the
//! newest state waits: it replaces an older one in its place.

use std::{
    collections::{HashMap, VecDeque},
    mem,
};

use chat::{PlayerId, ReadState, Reader};

use crate::retrying_pusher::Job;

/// The waiting jobs, in the order in which they are sent.
#[derive(Debug, Default)]
pub struct JobQueue {
    jobs: VecDeque<Job>,
    /// How many jobs were taken so far: the number of the first waiting job.
    taken: usize,
    /// The numbers of the waiting jobs that carry a [`ReadState`], by conversation and reader.
    reads: HashMap<(PlayerId, Reader), usize>,
}

impl JobQueue {
    /// Whether no job waits.
    pub fn is_empty(&self) -> bool {
        self.jobs.is_empty()
    }

    /// Adds a job behind all others. Returns the job that is not to be sent: the older one of two
    /// about the same reader.
    pub fn push(&mut self, job: Job) -> Option<Job> {
        if let Some(state) = &job.read_state {
            let (read_at, reader) = (state.read_at, reader_of(state));
            let number = self.reads.get(&reader);
            let waiting = number.and_then(|number| self.jobs.get_mut(number - self.taken));
            if let Some(waiting) = waiting {
                let is_newer =
                    waiting.read_state.as_ref().is_none_or(|other| other.read_at <= read_at);
                return Some(if is_newer { mem::replace(waiting, job) } else { job });
            }
            self.reads.insert(reader, self.taken + self.jobs.len());
        }
        self.jobs.push_back(job);
        None
    }

    /// Takes the first jobs, `count` at most.
    pub fn take(&mut self, count: usize) -> Vec<Job> {
        let jobs: Vec<_> = self.jobs.drain(..self.jobs.len().min(count)).collect();
        self.taken += jobs.len();
        for state in jobs.iter().filter_map(|job| job.read_state.as_ref()) {
            self.reads.remove(&reader_of(state));
        }
        jobs
    }
}

fn reader_of(state: &ReadState) -> (PlayerId, Reader) {
    (state.player_id.clone(), state.reader.clone())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        events::{self, PusherEvent},
        retrying_pusher::Origin,
    };
    use chat::Subject;
    use chrono::DateTime;
    use uuid::Uuid;

    /// A job about how far a reader had read at `second`.
    fn read(player: &str, reader: &str, second: i64) -> Job {
        let state = ReadState {
            player_id: player.to_owned().try_into().unwrap(),
            reader: reader.to_owned().try_into().unwrap(),
            seq: second,
            message_id: Uuid::now_v7(),
            read_at: DateTime::from_timestamp(second, 0).unwrap(),
        };
        Job { read_state: Some(Box::new(state)), ..other() }
    }

    fn other() -> Job {
        let tag = 1;
        let origin = Origin { tag, position: 0, accepted_at: None, subject: Subject::default() };
        let event: PusherEvent = events::probe();
        Job::new(event, vec![origin])
    }

    fn second(job: &Job) -> Option<i64> {
        job.read_state.as_ref().map(|state| state.read_at.timestamp())
    }

    fn push_all(queue: &mut JobQueue, jobs: impl IntoIterator<Item = Job>) -> Vec<Option<i64>> {
        let replaced = jobs.into_iter().filter_map(|job| queue.push(job));
        replaced.map(|job| second(&job)).collect()
    }

    fn take(queue: &mut JobQueue, count: usize) -> Vec<Option<i64>> {
        queue.take(count).iter().map(second).collect()
    }

    #[test]
    fn only_the_newest_state_of_a_reader_waits_in_the_place_of_the_first() {
        let mut queue = JobQueue::default();
        let jobs = [read("p1", "player", 1), other(), read("p1", "player", 3)];
        assert_eq!(push_all(&mut queue, jobs), [Some(1)]);
        assert_eq!(push_all(&mut queue, [read("p1", "player", 2)]), [Some(2)]);
        assert_eq!(take(&mut queue, 10), [Some(3), None]);
        assert!(queue.is_empty());
    }

    #[test]
    fn states_of_other_readers_and_conversations_wait_too() {
        let mut queue = JobQueue::default();
        let readers = [("p1", "player"), ("p2", "player"), ("p1", "staff:ada"), ("p1", "staff:bo")];
        let jobs =
            (1..).zip(readers).map(|(second, (player, reader))| read(player, reader, second));
        assert_eq!(push_all(&mut queue, jobs), []);
        assert_eq!(take(&mut queue, 10), [1, 2, 3, 4].map(Some));
    }

    #[test]
    fn a_state_that_was_taken_is_not_replaced() {
        let mut queue = JobQueue::default();
        push_all(&mut queue, [other(), read("p1", "player", 1), read("p2", "player", 2)]);
        assert_eq!(take(&mut queue, 2), [None, Some(1)]);
        assert_eq!(push_all(&mut queue, [read("p1", "player", 3)]), []);
        assert_eq!(push_all(&mut queue, [read("p2", "player", 4)]), [Some(2)]);
        assert_eq!(take(&mut queue, 10), [Some(4), Some(3)]);
    }
}
