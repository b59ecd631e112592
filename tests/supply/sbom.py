"""What the program is made of, as a CycloneDX 1.5 document: `make sbom` writes target/bidui.cdx.json.

From `cargo metadata --locked` alone (no network when the crates are fetched): name, version, licence, checksum and what needs what,
for the default build and what builds it; crates that only tests use are left out. The same lock file gives the same bytes.
"""

import json
import subprocess
import sys
import tomllib


def main(out: str) -> None:
    command = ["cargo", "metadata", "--locked", "--format-version", "1", "--filter-platform", "x86_64-unknown-linux-gnu"]
    metadata = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
    packages = {p["id"]: p for p in metadata["packages"]}
    nodes = {n["id"]: n for n in metadata["resolve"]["nodes"]}
    with open("Cargo.lock", "rb") as lock:
        locked = tomllib.load(lock)["package"]
    sums = {(p["name"], p["version"]): p.get("checksum") for p in locked}

    def needs(package: str) -> list[str]:
        shipped = [d for d in nodes[package]["deps"] if any(k["kind"] != "dev" for k in d["dep_kinds"])]
        return sorted({d["pkg"] for d in shipped})

    root = metadata["resolve"]["root"]
    reached, left = {root}, [root]
    while left:
        for package in needs(left.pop()):
            if package not in reached:
                reached.add(package)
                left.append(package)

    def purl(package: str) -> str:
        return f"pkg:cargo/{packages[package]['name']}@{packages[package]['version']}"

    def component(package: str) -> dict:
        p = packages[package]
        made = {
            "type": "application" if package == root else "library",
            "bom-ref": purl(package),
            "name": p["name"],
            "version": p["version"],
            "purl": purl(package),
        }
        if p.get("license"):
            made["licenses"] = [{"expression": p["license"].replace(" / ", " OR ").replace("/", " OR ")}]
        if sums.get((p["name"], p["version"])):
            made["hashes"] = [{"alg": "SHA-256", "content": sums[(p["name"], p["version"])]}]
        return made

    parts = sorted((component(p) for p in reached if p != root), key=lambda c: c["bom-ref"])
    graph = [{"ref": purl(p), "dependsOn": sorted({purl(d) for d in needs(p)})} for p in reached]
    bom = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "version": 1,
        "metadata": {"component": component(root)},
        "components": parts,
        "dependencies": sorted(graph, key=lambda d: d["ref"]),
    }
    with open(out, "w", encoding="utf-8") as file:
        json.dump(bom, file, ensure_ascii=False, indent=1)
        file.write("\n")
    print(f"{out}: {len(parts)} components")


if __name__ == "__main__":
    main(sys.argv[1])
