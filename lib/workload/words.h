/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lib/workload/words.h - 1,024 common English words of two to seven letters. Each is a single
 * token, with and without a leading space, in the vocabularies of GPT-2, GPT-NeoX, Llama 3,
 * Falcon, Qwen 2, Command R and DeepSeek. Order and content are part of the prompts' format:
 * changing either changes every prompts digest.
 */
#pragma once
/* clang-format off */
#define PROMPT_WORDS(W) \
    W(the) W(of) W(to) W(in) W(and) W(be) W(is) W(on) W(that) W(for) W(it) W(you) W(with) W(as) \
    W(we) W(was) W(at) W(are) W(or) W(not) W(by) W(from) W(have) W(this) W(all) W(will) W(they) \
    W(can) W(his) W(do) W(go) W(has) W(but) W(out) W(who) W(up) W(more) W(so) W(one) W(said) \
    W(which) W(about) W(were) W(had) W(other) W(been) W(like) W(any) W(her) W(if) W(there) W(year) \
    W(my) W(some) W(when) W(than) W(over) W(also) W(part) W(time) W(what) W(no) W(new) W(get) \
    W(just) W(into) W(people) W(work) W(she) W(our) W(him) W(only) W(how) W(after) W(play) \
    W(could) W(first) W(two) W(back) W(under) W(most) W(did) W(know) W(need) W(see) W(even) \
    W(these) W(use) W(because) W(now) W(make) W(then) W(every) W(look) W(where) W(years) W(right) \
    W(way) W(being) W(does) W(down) W(many) W(call) W(before) W(well) W(much) W(those) W(such) \
    W(long) W(think) W(own) W(set) W(show) W(say) W(good) W(start) W(made) W(last) W(same) \
    W(while) W(game) W(still) W(here) W(world) W(though) W(take) W(going) W(hand) W(between) \
    W(against) W(high) W(found) W(person) W(great) W(sign) W(run) W(follow) W(find) W(team) \
    W(system) W(lead) W(around) W(car) W(law) W(read) W(real) W(support) W(fact) W(day) W(both) \
    W(three) W(each) W(too) W(during) W(public) W(war) W(power) W(few) W(head) W(state) W(another) \
    W(child) W(since) W(life) W(pass) W(turn) W(second) W(without) W(put) W(level) W(art) \
    W(things) W(might) W(effect) W(allow) W(feel) W(result) W(lot) W(fun) W(big) W(ask) W(best) \
    W(number) W(must) W(direct) W(open) W(post) W(come) W(week) W(far) W(place) W(form) W(stand) \
    W(next) W(let) W(little) W(mark) W(hard) W(test) W(full) W(care) W(case) W(less) W(list) \
    W(top) W(left) W(better) W(data) W(main) W(keep) W(class) W(small) W(plan) W(name) W(four) \
    W(return) W(called) W(move) W(group) W(men) W(old) W(near) W(free) W(design) W(change) W(book) \
    W(able) W(country) W(order) W(thing) W(why) W(school) W(days) W(friend) W(until) W(later) \
    W(word) W(view) W(cost) W(give) W(large) W(win) W(clear) W(kind) W(mean) W(past) W(story) \
    W(season) W(claim) W(within) W(line) W(project) W(control) W(money) W(family) W(making) W(bit) \
    W(light) W(water) W(times) W(grow) W(company) W(example) W(ever) W(often) W(human) W(job) \
    W(record) W(news) W(hour) W(product) W(deal) W(side) W(reason) W(hold) W(city) W(once) \
    W(night) W(done) W(working) W(body) W(whether) W(author) W(seen) W(course) W(event) W(given) \
    W(went) W(meet) W(games) W(account) W(young) W(along) W(yet) W(members) W(among) W(low) \
    W(likely) W(access) W(known) W(early) W(sent) W(today) W(market) W(based) W(strong) W(present) \
    W(try) W(land) W(local) W(former) W(close) W(getting) W(face) W(value) W(area) W(key) W(mind) \
    W(future) W(cut) W(video) W(net) W(connect) W(above) W(either) W(fail) W(special) W(black) \
    W(looking) W(fire) W(almost) W(study) W(miss) W(media) W(food) W(comes) W(single) W(half) \
    W(started) W(quick) W(issue) W(else) W(true) W(added) W(similar) W(type) W(history) W(live) \
    W(self) W(room) W(fall) W(sound) W(someone) W(object) W(player) W(rather) W(service) \
    W(nothing) W(party) W(exist) W(house) W(sum) W(front) W(series) W(point) W(below) W(custom) \
    W(court) W(learn) W(version) W(check) W(common) W(begin) W(bring) W(action) W(due) W(six) \
    W(step) W(stop) W(lab) W(hours) W(create) W(taking) W(red) W(break) W(space) W(recent) \
    W(general) W(hit) W(period) W(include) W(pick) W(matter) W(ground) W(white) W(watch) W(wind) \
    W(mass) W(pack) W(outside) W(third) W(item) W(file) W(upon) W(coming) W(quite) W(woman) \
    W(text) W(require) W(review) W(subject) W(instead) W(issues) W(code) W(higher) W(page) \
    W(method) W(policy) W(words) W(final) W(changes) W(friends) W(respect) W(total) W(needs) \
    W(age) W(results) W(running) W(port) W(rate) W(pretty) W(target) W(works) W(site) W(walk) \
    W(block) W(easy) W(sense) W(energy) W(girl) W(request) W(soon) W(host) W(role) W(office) \
    W(track) W(heart) W(ball) W(needed) W(groups) W(inside) W(music) W(share) W(release) \
    W(forward) W(stay) W(card) W(cases) W(section) W(leave) W(cell) W(online) W(ability) W(soft) \
    W(article) W(playing) W(install) W(source) W(serious) W(cause) W(late) W(model) W(price) \
    W(deep) W(link) W(lower) W(contact) W(mother) W(average) W(perfect) W(buy) W(collect) \
    W(played) W(simple) W(hands) W(pull) W(round) W(user) W(range) W(ways) W(except) W(terms) \
    W(bill) W(worth) W(speed) W(match) W(living) W(via) W(member) W(tool) W(offer) W(turned) \
    W(comment) W(select) W(boy) W(felt) W(image) W(popular) W(levels) W(road) W(heard) W(users) \
    W(father) W(search) W(events) W(cover) W(gets) W(vote) W(whose) W(option) W(effects) W(fast) \
    W(email) W(oil) W(goal) W(travel) W(phone) W(quality) W(table) W(staff) W(box) W(wide) W(mid) \
    W(board) W(dig) W(slow) W(path) W(worked) W(engine) W(color) W(network) W(date) W(extra) \
    W(allowed) W(fair) W(reach) W(screen) W(built) W(rules) W(written) W(draw) W(regular) \
    W(usually) W(dark) W(town) W(workers) W(cross) W(message) W(answer) W(natural) W(dog) W(trade) \
    W(sort) W(global) W(details) W(bank) W(device) W(safe) W(paper) W(growth) W(parts) W(wall) \
    W(display) W(son) W(avoid) W(correct) W(term) W(please) W(ones) W(parents) W(stuff) W(door) \
    W(changed) W(clean) W(club) W(paid) W(alone) W(load) W(nature) W(latest) W(weight) W(note) \
    W(ten) W(normal) W(star) W(ready) W(song) W(middle) W(max) W(demand) W(center) W(related) \
    W(leader) W(reading) W(choice) W(writing) W(seven) W(cool) W(save) W(limited) W(meaning) \
    W(nice) W(gas) W(eight) W(brain) W(touch) W(store) W(title) W(options) W(files) W(detail) \
    W(piece) W(named) W(drive) W(items) W(student) W(scene) W(complex) W(concept) W(status) \
    W(fine) W(perhaps) W(income) W(feed) W(unique) W(gone) W(counter) W(leading) W(send) W(yes) \
    W(happy) W(trust) W(science) W(figure) W(cat) W(stage) W(enter) W(movie) W(voice) W(region) \
    W(values) W(mount) W(lay) W(books) W(letter) W(quarter) W(maybe) W(moving) W(gold) W(truth) \
    W(charge) W(rock) W(names) W(feature) W(rule) W(click) W(aware) W(pattern) W(style) W(fully) \
    W(jobs) W(lines) W(park) W(kids) W(journal) W(web) W(sleep) W(bed) W(notice) W(purpose) \
    W(actions) W(aim) W(actual) W(chief) W(wait) W(adult) W(ahead) W(ship) W(active) W(green) \
    W(reflect) W(birth) W(memory) W(basic) W(band) W(spread) W(places) W(cards) W(length) \
    W(forced) W(eye) W(primary) W(peace) W(skin) W(blue) W(apply) W(limit) W(hair) W(fit) \
    W(seconds) W(launch) W(bottom) W(script) W(mode) W(initial) W(sun) W(cook) W(fix) W(images) \
    W(drop) W(stream) W(pet) W(double) W(default) W(rank) W(stock) W(picture) W(onto) W(hero) \
    W(update) W(floor) W(central) W(dream) W(window) W(unit) W(heavy) W(fan) W(adding) W(raised) \
    W(tick) W(seeing) W(server) W(owners) W(beat) W(surface) W(station) W(ended) W(daily) W(smart) \
    W(gain) W(comfort) W(trial) W(posted) W(eat) W(rise) W(signed) W(grand) W(brand) W(highest) \
    W(train) W(adjust) W(earth) W(draft) W(unless) W(machine) W(push) W(micro) W(plant) W(placed) \
    W(mostly) W(setting) W(driver) W(born) W(league) W(join) W(street) W(camera) W(older) \
    W(thread) W(manager) W(notes) W(fresh) W(opened) W(string) W(content) W(solid) W(random) \
    W(depend) W(opening) W(holding) W(ice) W(score) W(cells) W(missing) W(graph) W(steps) W(roll) \
    W(closed) W(none) W(testing) W(stick) W(guard) W(border) W(copy) W(owner) W(digital) W(task) \
    W(issued) W(shared) W(heat) W(wood) W(tools) W(finding) W(degree) W(church) W(catch) W(button) \
    W(valid) W(master) W(equal) W(ran) W(models) W(units) W(element) W(cars) W(views) W(covered) \
    W(mix) W(sites) W(animal) W(scale) W(album) W(output) W(switch) W(north) W(arms) W(forms) \
    W(chair) W(input) W(wealth) W(pair) W(mobile) W(thanks) W(nine) W(flow) W(photos) W(pieces) \
    W(balance) W(radio) W(fuel) W(tests) W(keeping) W(trip) W(raise) W(package) W(plays) W(south) \
    W(seek) W(tight) W(glass) W(handle) W(mouth) W(broken) W(defined) W(healthy) W(client) \
    W(editor) W(sale) W(pages) W(flight) W(shape) W(tree) W(rich) W(magic) W(plus) W(objects) \
    W(fold) W(rent) W(listed) W(sets) W(odd) W(minute) W(focused) W(monitor) W(yards) W(guide) \
    W(delay) W(secure) W(van) W(column) W(frame) W(edge) W(boost) W(row) W(rid) W(vision) \
    W(factor) W(stars) W(lock) W(format) W(agent) W(wear) W(warm) W(king) W(patient) W(seat) \
    W(ring) W(visual) W(library) W(dry) W(quiet) W(pure) W(filled) W(fish) W(pool) W(egg) \
    W(license) W(fixed) W(craft) W(height) W(bright) W(sweet) W(suit) W(flag) W(adapt) W(fill) \
    W(spring) W(classes) W(panel) W(volume) W(links) W(shop) W(fly) W(bag) W(aid) W(storage) \
    W(metal) W(ordered) W(updated) W(mine) W(label) W(weather) W(deck) W(stood) W(kit) W(flat) \
    W(session) W(doctor) W(writer) W(orders) W(motion) W(cloud) W(rain) W(sample) W(boot) W(route) \
    W(index) W(cart) W(storm) W(married) W(facts) W(union) W(browser) W(sand) W(shift) W(wire) \
    W(cup) W(boys) W(bird) W(zone) W(channel) W(acts) W(empty) W(sector) W(remote) W(carbon) \
    W(ride) W(audio) W(plane) W(square) W(proof) W(split) W(cuts) W(zero) W(heads) W(usual) \
    W(linked) W(faces) W(apps) W(upper) W(pin) W(sky) W(wave) W(cycle) W(rail) W(tested) W(depth) \
    W(bear) W(posts) W(menu) W(native) W(hat) W(owned) W(hall) W(mail) W(blocks) W(fields) \
    W(profile) W(authors) W(formed) W(medium) W(limits) W(hidden) W(phase) W(plot) W(enable) \
    W(virtual) W(array) W(icon) W(acting) W(topic) W(grown) W(sharing) W(domain)
/* clang-format on */
