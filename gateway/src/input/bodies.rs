use std::collections::BTreeMap;

use chat::{Content, Language, ValidationError};
use serde::Deserialize;
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{
        RefOr,
        schema::{AdditionalProperties, ObjectBuilder, Ref, Schema, Type},
    },
};

use super::NewContent;

/// The texts of a canned reply by language: 1 to 10 languages, each of two or three lower-case
/// letters.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "BTreeMap<Language, NewContent>")]
pub struct NewBodies(BTreeMap<Language, Content>);

const MAX_LANGUAGES: usize = 10;

impl TryFrom<BTreeMap<Language, NewContent>> for NewBodies {
    type Error = ValidationError;

    fn try_from(bodies: BTreeMap<Language, NewContent>) -> Result<Self, ValidationError> {
        if !(1..=MAX_LANGUAGES).contains(&bodies.len()) {
            return Err(ValidationError("must have 1 to 10 languages"));
        }
        Ok(Self(bodies.into_iter().map(|(language, text)| (language, text.into())).collect()))
    }
}

impl From<NewBodies> for BTreeMap<Language, Content> {
    fn from(bodies: NewBodies) -> Self {
        bodies.0
    }
}

impl PartialSchema for NewBodies {
    fn schema() -> RefOr<Schema> {
        let language = ObjectBuilder::new().schema_type(Type::String).pattern(Some("^[a-z]{2,3}$"));
        let text = AdditionalProperties::RefOr(RefOr::Ref(Ref::from_schema_name("Content")));
        let bodies = ObjectBuilder::new()
            .description(Some("The text in each language, by its subtag: 1 to 10 languages."))
            .property_names(Some(language.build()))
            .additional_properties(Some(text))
            .min_properties(Some(1))
            .max_properties(Some(MAX_LANGUAGES));
        RefOr::T(bodies.into())
    }
}

impl ToSchema for NewBodies {
    fn name() -> std::borrow::Cow<'static, str> {
        "Bodies".into()
    }

    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        schemas.push(("Content".to_owned(), NewContent::schema()));
    }
}
