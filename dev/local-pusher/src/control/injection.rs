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

use super::{Fault, faults::Met};
use crate::{wire::Wire, world::World};

/// Wraps every call to the HTTP API: enters it in the ledger, and lets it meet the fault of the
/// hour.
pub async fn inject(
    world: web::Data<World>,
    mut request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>> {
    let call = world.ledger.call();
    let Some(met) = world.faults.meet() else {
        let response = next.call(request).await?.map_into_boxed_body();
        call.answered(response.status());
        return Ok(response);
    };
    match met.fault {
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
            wait(&met, time).await;
            let response = next.call(request).await?.map_into_boxed_body();
            call.answered(response.status());
            Ok(response)
        }
        Fault::Hang => {
            met.ended().await;
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

/// A call is no longer delayed than the fault lasts.
async fn wait(met: &Met, time: Duration) {
    tokio::select! {
        () = time::sleep(time) => {}
        () = met.ended() => {}
    }
}

/// A body that nobody reads would close the connection with the answer, and no fault but those that
/// break it off shall do that.
async fn read_whole(request: &mut ServiceRequest) {
    if let Err(error) = request.extract::<web::Bytes>().await {
        tracing::debug!(%error, "the body of a call that meets a fault is not readable");
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
