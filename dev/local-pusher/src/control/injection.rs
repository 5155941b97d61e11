use std::{sync::Arc, time::Duration};

use actix_web::{
    HttpResponse, HttpResponseBuilder, Result,
    body::{BoxBody, MessageBody},
    dev::{ServiceRequest, ServiceResponse},
    error::ErrorServiceUnavailable,
    http::header,
    middleware::Next,
    rt::time,
    web,
};

use super::{Fault, faults::Applied};
use crate::{wire::Wire, world::World};

/// Middleware of the HTTP API: records each call, and applies the current fault.
pub async fn inject(
    world: web::Data<World>,
    mut request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>> {
    let call = world.ledger.call();
    let Some(applied) = world.faults.apply() else {
        let response = next.call(request).await?.map_into_boxed_body();
        call.answered(response.status());
        return Ok(response);
    };
    match applied.fault {
        Fault::Status { status, retry_after } => {
            let mut response = HttpResponse::build(status);
            if let Some(seconds) = retry_after {
                response.insert_header((header::RETRY_AFTER, seconds));
            }
            read_whole(&mut request).await;
            call.answered(status);
            Ok(answer(request, response))
        }
        Fault::Delay(time) => {
            wait(&applied, time).await;
            let response = next.call(request).await?.map_into_boxed_body();
            call.answered(response.status());
            Ok(response)
        }
        Fault::Hang => {
            applied.ended().await;
            wire(&request)?.cut();
            Ok(answer(request, HttpResponse::ServiceUnavailable()))
        }
        Fault::Close => {
            wire(&request)?.cut_within_answer();
            Ok(answer(request, HttpResponse::ServiceUnavailable()))
        }
        Fault::Refuse => {
            wire(&request)?.cut();
            Ok(answer(request, HttpResponse::ServiceUnavailable()))
        }
        Fault::Lost => {
            let wire = wire(&request)?;
            let response = next.call(request).await?.map_into_boxed_body();
            wire.cut();
            Ok(response)
        }
    }
}

/// Waits for `time`, at most until the fault ends.
async fn wait(applied: &Applied, time: Duration) {
    tokio::select! {
        () = time::sleep(time) => {}
        () = applied.ended() => {}
    }
}

/// Reads the body: an unread one would close the connection after the answer.
async fn read_whole(request: &mut ServiceRequest) {
    if let Err(error) = request.extract::<web::Bytes>().await {
        tracing::debug!(%error, "cannot read the body of a call with a fault");
    }
}

fn wire(request: &ServiceRequest) -> Result<Arc<Wire>> {
    request
        .conn_data::<Arc<Wire>>()
        .cloned()
        .ok_or_else(|| ErrorServiceUnavailable("out of file descriptors"))
}

fn answer(request: ServiceRequest, mut response: HttpResponseBuilder) -> ServiceResponse<BoxBody> {
    request.into_response(response.finish())
}
