use super::*;

#[test]
fn every_descriptor_is_whole() {
    let mut names: Vec<&str> = Vec::new();
    for module in modules() {
        let d = module.descriptor;
        names.push(d.name);
        names.extend(d.aliases);
        assert!(
            !d.title.is_empty() && d.docs.starts_with("https://"),
            "{}",
            d.name
        );
        for field in d.fields {
            assert!(!field.label.is_empty(), "{}.{}", d.name, field.name);
            assert!(
                !(field.secret && field.default.is_some_and(|d| !d.is_empty())),
                "{}.{}: a secret has no default",
                d.name,
                field.name
            );
        }
        for name in d.alternatives.concat() {
            let field = d.field(name);
            assert!(
                field.is_some_and(|f| f.default == Some("")),
                "{}.{name} must be optional by itself",
                d.name
            );
        }
        assert!(find(d.name).is_some() && !d.is_script());
    }
    names.extend(unknown::GONE.iter().map(|(name, _)| *name));
    let count = names.len();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), count, "two modules share a name");
    let sorted = modules().iter().map(|m| m.descriptor.name).is_sorted();
    assert!(sorted, "people look for names in their order");
}
