use nix::sys::signal::Signal;
use stack::{Running, Service};
use test_support::Api;

use crate::{
    programs::{Programs, Release, api},
    senders::Sender,
};

/// Two gateways and the workers of a release.
pub struct Fleet {
    /// The gateways.
    pub gateways: Vec<Running>,
    release: Release,
    workers: Vec<Running>,
    started: usize,
}

impl Fleet {
    /// Starts the services of `release` with their `own` variables.
    pub async fn start(
        programs: &Programs,
        release: Release,
        workers: &[Service],
        own: &[(&str, &str)],
    ) -> Self {
        let mut fleet = Self { gateways: Vec::new(), release, workers: Vec::new(), started: 0 };
        for service in [Service::Gateway; 2] {
            let gateway = fleet.start_another(programs, service, own).await;
            fleet.gateways.push(gateway);
        }
        for service in workers {
            let worker = fleet.start_another(programs, *service, own).await;
            fleet.workers.push(worker);
        }
        fleet
    }

    /// Clients of the gateways.
    pub fn apis(&self) -> Vec<Api> {
        self.gateways.iter().map(api).collect()
    }

    /// Starts services of `release` from now on.
    pub fn use_release(&mut self, release: Release) {
        self.release = release;
    }

    async fn start_another(
        &mut self,
        programs: &Programs,
        service: Service,
        own: &[(&str, &str)],
    ) -> Running {
        self.started += 1;
        let name = format!("{}-{}", service.name(), self.started);
        programs.start(&self.release, service, &name, own).await
    }

    /// Replaces each gateway with a new one that has the current variables, one after the other.
    /// Each sender has a token.
    pub async fn replace_gateways(
        &mut self,
        programs: &Programs,
        own: &[(&str, &str)],
        senders: &mut [(&mut Sender, &str)],
    ) {
        for place in 0..self.gateways.len() {
            let running = self.start_another(programs, Service::Gateway, own).await;
            let old = std::mem::replace(&mut self.gateways[place], running);
            for (sender, token) in senders.iter() {
                sender.send_to(self.apis().iter().map(|api| api.with_token(token)).collect());
            }
            old.process.stop().await;
            for (sender, _) in senders.iter_mut() {
                sender.wait_for_progress().await;
            }
        }
    }

    /// Replaces each worker with a new one that has the current variables, one after the other.
    pub async fn replace_workers(&mut self, programs: &Programs, own: &[(&str, &str)]) {
        for place in 0..self.workers.len() {
            self.replace_worker(programs, own, place).await;
        }
    }

    /// The same, beginning with the last one.
    pub async fn replace_workers_in_reverse(&mut self, programs: &Programs, own: &[(&str, &str)]) {
        for place in (0..self.workers.len()).rev() {
            self.replace_worker(programs, own, place).await;
        }
    }

    async fn replace_worker(&mut self, programs: &Programs, own: &[(&str, &str)], place: usize) {
        let running = self.start_another(programs, self.workers[place].service, own).await;
        let old = std::mem::replace(&mut self.workers[place], running);
        old.process.stop().await;
    }

    /// Restarts each gateway at its address with these `variables`, one after the other.
    pub async fn restart_gateways(&self, variables: &[(&str, &str)]) {
        for gateway in &self.gateways {
            restart(gateway, variables).await;
        }
    }

    /// The same for each worker.
    pub async fn restart_workers(&self, variables: &[(&str, &str)]) {
        for worker in &self.workers {
            restart(worker, variables).await;
        }
    }

    /// Replaces all services: gateways, then workers.
    pub async fn replace(
        &mut self,
        programs: &Programs,
        own: &[(&str, &str)],
        senders: &mut [(&mut Sender, &str)],
    ) {
        self.replace_gateways(programs, own, senders).await;
        self.replace_workers(programs, own).await;
    }
}

/// Stops a service in order, starts it with these `variables`, and waits until it is ready.
pub async fn restart(service: &Running, variables: &[(&str, &str)]) {
    for (name, value) in variables {
        service.process.set_variable(name, *value);
    }
    let stopped = service.process.identity();
    service.process.signal(Signal::SIGTERM);
    service.process.replaced(stopped).await.unwrap();
    service.ready().await.unwrap();
}
